"""From a recording to who expressed what when: transcripts, speech, recognition, exports."""
