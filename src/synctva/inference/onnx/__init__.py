"""A model -> ONNX files that run without torch."""
