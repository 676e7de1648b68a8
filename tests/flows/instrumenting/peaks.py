"""Functions of a flow that Gladier makes, in the form that its tools have them."""


def find_peaks(**data):
    """Find the frames that are brighter than a threshold."""
    peaks = [at for at, counts in enumerate(data["counts"]) if counts > data["threshold"]]
    made = {"name": "peaks", "uris": "file:///data/peaks.json", "tags": {"count": len(peaks)}}
    return {"peaks": peaks, "provenance": {"outputs": [made]}}


def plot_peaks(**data):
    # It has no docstring on purpose: Gladier then writes a Comment of null.
    return {"plotted": data["peaks"]}
