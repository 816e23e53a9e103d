"""What the processes that read recordings need: a server imports this, and they are its copies.

Else each would import it, for half a second: one that looks at a recording, and one per core.
"""

import gc
from importlib import import_module

gc.disable()  # what is imported stays, and need not be looked through for what does not
for name in (
    *("opensmile", "synctva.features.extractors.audio", "synctva.inference.reading"),
    *("synctva.inference.utterances", "synctva.media"),
):
    import_module(name)
gc.freeze()  # nor by its copies, each of which would then have its own
gc.enable()
