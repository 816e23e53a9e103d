"""From a recording to who felt what when: transcripts, speech, recognition, exports."""
