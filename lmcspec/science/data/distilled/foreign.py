"""Files that hold images in some other form than a distilled set is read in: what to do with each. No torch."""

from pathlib import Path

START = 16
"""Bytes of a file that tell what it is."""
_SAVE = 'torch.save([torch.from_numpy({images}).float(), torch.from_numpy({labels}).long()], "set.pt")'


def advice(path: Path, start: bytes) -> str:
    """What to do with a file that begins so, where that says what it is; "" for one that torch may have saved."""
    if path.is_dir():
        return f'images in class folders are a data set: {{ dataset = {{ name = "folder", root = "{path.name}" }} }}'
    if start.startswith(b"\x93NUMPY"):
        return "save numpy's arrays with torch: " + _SAVE.format(
            images=f'numpy.load("{path.name}")', labels='numpy.load("LABELS.npy")'
        )
    if path.suffix.lower() == ".npz":
        return f'save numpy\'s arrays with torch: a = numpy.load("{path.name}"), ' + _SAVE.format(
            images='a["images"]', labels='a["labels"]'
        )
    if start.startswith(b"\x89HDF"):
        return "save its arrays with torch: " + _SAVE.format(images="images", labels="labels")
    if start.startswith(b"PK\x03\x04"):
        return f"torch wrote it: call it {path.stem}.pt" if path.suffix == ".safetensors" else ""
    if start[8:9] == b"{" and start[5:8] == b"\0\0\0" and path.suffix != ".safetensors":
        return f"it is a file of safetensors: call it {path.stem}.safetensors"
    return ""
