"""What the server is, for programs that ask: an OpenAPI document."""

from importlib.metadata import version
from typing import Any

from synctva.inference.export import SUFFIXES


def openapi() -> dict[str, Any]:
    """Returns the OpenAPI document of the server."""
    one = {"$ref": "#/components/schemas/Recognition"}
    id_ = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    ending = {
        "name": "ending",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": [suffix[1:] for suffix in SUFFIXES]},
    }
    kept = _object(emotions="integer", corrected="integer")
    adaptation = _object(
        state="string",
        recordings="integer",
        utterances="integer",
        right_before="integer",
        right_after="integer",
        note="string",
        error="string",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sync-TVA", "version": version("synctva")},
        "paths": {
            "/recognitions": {
                "get": _verb("All that is kept here", {"type": "array", "items": one}),
                "post": {
                    **_verb("Recognise a recording; it waits for its turn", one, "201"),
                    "requestBody": {
                        "required": True,
                        "content": {
                            "multipart/form-data": {
                                "schema": {
                                    "type": "object",
                                    "required": ["recording"],
                                    "properties": {
                                        "recording": {"type": "string", "format": "binary"},
                                        "transcript": {"type": "string", "format": "binary"},
                                    },
                                }
                            }
                        },
                    },
                },
            },
            "/recognitions/{id}": {
                "parameters": [id_],
                "get": _verb("How far it is", one),
                "delete": {
                    "summary": "Delete the recording and all that was made of it",
                    "responses": {"204": {"description": "It is deleted"}},
                },
            },
            "/recognitions/{id}/cancel": {
                "parameters": [id_],
                "post": _verb("Cancel it", one),
            },
            "/recognitions/{id}/page": {
                "parameters": [id_],
                "get": {
                    "summary": "The page that plays it",
                    "responses": {"200": {"description": "HTML", "content": {"text/html": {}}}},
                },
            },
            "/recognitions/{id}/export/{ending}": {
                "parameters": [id_, ending],
                "get": {
                    "summary": "Its utterances as a file, as `synctva recognise --out` writes them",
                    "responses": {"200": {"description": "The file"}},
                },
            },
            "/recognitions/{id}/corrections": {
                "parameters": [id_],
                "put": {
                    **_verb("Keep its corrections: the table that its page makes", kept),
                    "requestBody": {"required": True, "content": {"text/csv": {}}},
                },
            },
            "/adaptation": {
                "get": _verb("How far the training is, and what it gained", adaptation),
                "post": _verb("Train the model further from all corrections", adaptation, "202"),
            },
            "/adaptation/model": {
                "get": {
                    "summary": "The adapted model, for --model once it is unpacked",
                    "responses": {
                        "200": {"description": "A zip file", "content": {"application/zip": {}}}
                    },
                }
            },
            "/live": {
                "get": {
                    "summary": "A talk, over a WebSocket",
                    "description": "Binary messages: a byte (1 = sound, 2 = a picture), eight bytes"
                    " with the time in seconds since the talk's start (a little-endian double),"
                    " then samples (little-endian, 16 bits, 16 kHz, one channel) or a JPEG of at"
                    " most 640 pixels. The text `eof` ends the talk. Each answer is an event in"
                    " JSON, with its `type`: speech, turn, relabel, error, end.",
                    "responses": {"101": {"description": "A WebSocket; without one, a page"}},
                }
            },
        },
        "components": {
            "schemas": {
                "Recognition": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "name": {"type": "string"},
                        "state": {
                            "enum": ["waiting", "running", "done", "failed", "cancelled"],
                        },
                        "done": {"type": "integer", "description": "Steps that are done"},
                        "steps": {"type": "integer", "description": "0 while it is not known"},
                        "error": {"type": "string"},
                    },
                }
            }
        },
    }


def _object(**types: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": one} for name, one in types.items()}}


def _verb(summary: str, schema: dict[str, Any], status: str = "200") -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {
        "summary": summary,
        "responses": {status: {"description": summary, "content": content}},
    }
