"""The science of the BraggNN flow: what its compute steps run, one top-level function a step.

High-energy diffraction at small scale: frames with Bragg peaks, their locations by fitting, and a
small neural network that learns from the fits to find the locations much faster.

Each function is complete in itself, because its text alone is sent to a Globus Compute worker:
imports and helpers stand in its body. Each returns a plain object whose ``provenance`` tells what
it used and made; nothing here knows of Braid-DB. Names end in their units: ``_px`` is pixels,
``_mm`` millimetres, ``_kev`` kiloelectronvolts. Locations are (row, column).
"""


def prepare_session(work_folder: str, configuration: dict) -> dict:
    """Write the scientists' configuration files where none are yet.

    A file that is already there was perhaps changed by hand, and stays as it is.

    :param work_folder: absolute path of the folder that all files of the run go to.
    :param configuration: path inside the work folder -> an object, written as JSON.
    """
    import json
    from pathlib import Path

    folder = Path(work_folder)
    if not folder.is_absolute():
        raise ValueError(f"work_folder must be an absolute path on the worker, not {work_folder!r}")
    written = []
    for name, content in configuration.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            written.append(name)
    tags = {"files_written": len(written), "files_kept": len(configuration) - len(written)}
    return {"files_written": written, "provenance": {"tags": tags}}


def collect_frames(work_folder: str, scan: str, sample: dict) -> dict:
    """Stand in for the beamline: take one scan's raw frames, each with many Bragg peaks.

    Beam time is over sooner than questions are: frames that are already there stay as they are.

    :param scan: the scan's folder in the work folder, where ``frames.npy`` goes.
    :param sample: ``seeds`` by scan, ``peaks_per_frame``, ``dark_counts``; ``fwhm_px``,
        ``lorentzian`` and ``counts`` as ranges. The true locations go to ``truth/``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np

    folder = Path(work_folder)
    content = (folder / "experiment.json").read_bytes()
    experiment = json.loads(content)
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs = [
        {
            "name": "experiment.json",
            "kind": "fact",
            "uris": [(folder / "experiment.json").as_uri()],
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content),
        },
        {"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]},
    ]
    path = folder / scan / "frames.npy"
    if path.exists():
        return {"frames": str(path), "provenance": {"inputs": inputs, "tags": {"kept": True}}}
    if scan not in sample["seeds"]:
        raise ValueError(f"The sample's seeds lack the scan '{scan}'.")
    rng = np.random.default_rng(sample["seeds"][scan])
    shape = (experiment["rows_px"], experiment["columns_px"])
    rows, columns = np.indices(shape)

    def locations() -> np.ndarray:
        """Return locations that leave each other and the edge some pixels."""
        found: list = []
        while len(found) < sample["peaks_per_frame"]:
            candidate = rng.uniform(12, np.array(shape) - 12)
            if all(np.hypot(*(candidate - other)) > 15 for other in found):
                found.append(candidate)
        return np.array(found)

    def expose(at: np.ndarray) -> np.ndarray:
        image = np.full(shape, float(sample["dark_counts"]))
        for row, column in at:
            fwhm = rng.uniform(*sample["fwhm_px"])
            lorentzian = rng.uniform(*sample["lorentzian"])
            near = np.s_[int(row) - 10 : int(row) + 12, int(column) - 10 : int(column) + 12]
            square = ((rows[near] - row) ** 2 + (columns[near] - column) ** 2) / fwhm**2
            shape_of_peak = lorentzian / (1 + 4 * square)
            shape_of_peak += (1 - lorentzian) * np.exp(-4 * np.log(2) * square)
            image[near] += rng.uniform(*sample["counts"]) * shape_of_peak
        return np.minimum(rng.poisson(image), 65535).astype(np.uint16)

    truth = [locations() for _ in range(experiment["frames_per_scan"])]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.array([expose(at) for at in truth]))
    (folder / "truth").mkdir(exist_ok=True)
    told = json.dumps([at.tolist() for at in truth])
    (folder / "truth" / f"{scan}.json").write_text(told, encoding="utf-8")
    frames = path.read_bytes()
    output = {
        "name": f"{scan}/frames.npy",
        "uris": [path.as_uri()],
        "tags": {"scan": scan, "frames": len(truth)},
        "sha256": hashlib.sha256(frames).hexdigest(),
        "size_bytes": len(frames),
    }
    return {"frames": str(path), "provenance": {"inputs": inputs, "outputs": [output]}}


def find_peaks(work_folder: str, scan: str) -> dict:
    """Find the Bragg peaks of one scan's frames, and label each with its location by a fit.

    A peak is a local maximum well above the dark counts. A pseudo-Voigt profile, a mixture of a
    Gaussian and a Lorentzian of one width, is fitted to the patch around it.

    :param scan: holds ``frames.npy`` and ``detector.json``; ``peaks.json`` goes there.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np
    import scipy
    from scipy import ndimage, optimize

    folder = Path(work_folder)
    inputs = []

    def described(name: str, kind: str, content: bytes) -> dict:
        """Return how provenance names a file."""
        file = {"name": name, "kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    def read(name: str, kind: str = "fact") -> bytes:
        """Return what is in a file, and remember that it was used."""
        content = (folder / name).read_bytes()
        inputs.append(described(name, kind, content))
        return content

    experiment = json.loads(read("experiment.json"))
    fit, detector = json.loads(read("fit.json")), json.loads(read(f"{scan}/detector.json"))
    read(f"{scan}/frames.npy", "data")
    frames = np.load(folder / scan / "frames.npy").astype(float)
    half = fit["patch_px"] // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]

    def maxima(frame: np.ndarray) -> list:
        smooth = ndimage.gaussian_filter(frame, 1.0)
        # A Gaussian filter of 1 pixel leaves 1 / (4 pi) of the counting variance.
        deviation = np.sqrt(detector["dark_counts"] / (4 * np.pi))
        bright = smooth - detector["dark_counts"] > fit["min_sigma"] * deviation
        found = np.argwhere(bright & (smooth == ndimage.maximum_filter(smooth, fit["patch_px"])))
        inside = np.all((found > half) & (found < np.array(frame.shape) - half - 1), axis=1)
        return found[inside].tolist()

    def profile(parameters: np.ndarray) -> np.ndarray:
        height, row, column, fwhm, lorentzian, background = parameters
        square = ((y - row) ** 2 + (x - column) ** 2) / fwhm**2
        gaussian = np.exp(-4 * np.log(2) * square)
        shape = lorentzian / (1 + 4 * square) + (1 - lorentzian) * gaussian
        return background + height * shape

    def fitted(patch: np.ndarray) -> np.ndarray:
        """Return height, row, column, FWHM, Lorentzian part and background of a patch's peak."""
        sigma = np.sqrt(np.maximum(patch, 1.0))
        begin = [patch.max() - patch.min(), 0.0, 0.0, 2.5, 0.5, patch.min()]
        found = optimize.least_squares(
            lambda tried: ((profile(tried) - patch) / sigma).ravel(), begin, method="lm"
        )
        return found.x

    def peak(number: int, row: int, column: int) -> dict:
        patch = frames[number, row - half : row + half + 1, column - half : column + half + 1]
        height, down, right, fwhm, lorentzian, _ = fitted(patch)
        at = np.array([row + down, column + right]) + detector["first_pixel_centre_px"]
        from_beam_px = np.hypot(*(at - experiment["beam_centre_px"]))
        angle = np.arctan(from_beam_px * experiment["pixel_mm"] / experiment["distance_mm"])
        return {
            "frame": number,
            "patch": [row, column],
            "at": at.round(4).tolist(),
            "two_theta_deg": round(float(np.degrees(angle)), 5),
            "height": round(float(height), 2),
            "fwhm_px": round(float(abs(fwhm)), 4),
            "lorentzian": round(float(lorentzian), 4),
        }

    peaks = [
        peak(number, row, column)
        for number, frame in enumerate(frames)
        for row, column in maxima(frame)
    ]
    if not peaks:
        raise ValueError(f"No peak was found in {folder / scan / 'frames.npy'}.")
    content = (json.dumps({"scan": scan, "peaks": peaks}, indent=1) + "\n").encode()
    (folder / scan / "peaks.json").write_bytes(content)
    for name, version in (("numpy", np.__version__), ("scipy", scipy.__version__)):
        uri = f"https://pypi.org/project/{name}/{version}/"
        inputs.append({"name": f"{name} {version}", "kind": "fact", "uris": [uri]})
    tags = {"scan": scan, "peaks": len(peaks)}
    outputs = [described(f"{scan}/peaks.json", "data", content) | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def train_model(work_folder: str) -> dict:  # noqa: C901 - its helpers stand inside
    """Train a small network to tell a peak's location from its patch, as the fits do.

    Each patch is also cut a pixel further up, down, left and right, so that the network sees
    peaks that are not in the middle. Its state is kept from time to time, and at the end.

    :param work_folder: ``training.json`` names the scans to learn from; the states go to
        ``model/``, the last one to ``model/bragg_nn.npz``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np
    import sklearn
    from sklearn.neural_network import MLPRegressor

    folder = Path(work_folder)
    inputs, outputs = [], []

    def described(path: Path, kind: str) -> dict:
        """Return how provenance names a file."""
        content, name = path.read_bytes(), path.relative_to(folder).as_posix()
        digest = hashlib.sha256(content).hexdigest()
        file = {"name": name, "kind": kind, "uris": [path.as_uri()]}
        return file | {"sha256": digest, "size_bytes": len(content)}

    def read(name: str, kind: str = "data") -> Path:
        """Return the path of a file, and remember that it was used."""
        inputs.append(described(folder / name, kind))
        return folder / name

    training = json.loads(read("training.json", "fact").read_bytes())
    half = training["patch_px"] // 2
    shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]

    def examples(scan: str) -> tuple:
        """Return a scan's patches (n, pixels) and the locations in them (n, 2), in half patches."""
        frames = np.load(read(f"{scan}/frames.npy")).astype(float)
        patches, locations = [], []
        for peak in json.loads(read(f"{scan}/peaks.json").read_bytes())["peaks"]:
            for shift in shifts:
                row, column = np.add(peak["patch"], shift)
                patch = frames[
                    peak["frame"], row - half : row + half + 1, column - half : column + half + 1
                ]
                patches.append((patch - patch.min()) / np.ptp(patch))
                locations.append((np.array(peak["at"]) - (row, column)) / half)
        return np.reshape(patches, (len(patches), -1)), np.array(locations)

    each = [examples(scan) for scan in training["training_scans"]]
    patches, locations = (np.concatenate(part) for part in zip(*each, strict=True))
    network = MLPRegressor(
        hidden_layer_sizes=training["hidden"],
        learning_rate_init=training["learning_rate"],
        batch_size=training["batch_size"],
        random_state=training["seed"],
        shuffle=False,
    )
    rng = np.random.default_rng(training["seed"])
    model = folder / "model"
    model.mkdir(exist_ok=True)
    for old in model.glob("*.npz"):
        old.unlink()

    def keep(name: str, epoch: int) -> None:
        layers = {f"weights_{n}": weights for n, weights in enumerate(network.coefs_)}
        layers |= {f"biases_{n}": biases for n, biases in enumerate(network.intercepts_)}
        np.savez(model / name, half_px=half, **layers)
        tags = {"epoch": epoch, "loss": round(float(network.loss_), 7)}
        outputs.append(described(model / name, "model") | {"tags": tags})

    epochs = training["epochs"]
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(patches))
        network.partial_fit(patches[order], locations[order])
        if epoch % training["checkpoint_every"] == 0 and epoch < epochs:
            keep(f"epoch_{epoch:03}.npz", epoch)
    keep("bragg_nn.npz", epochs)
    for name, version in (("numpy", np.__version__), ("scikit-learn", sklearn.__version__)):
        uri = f"https://pypi.org/project/{name}/{version}/"
        inputs.append({"name": f"{name} {version}", "kind": "fact", "uris": [uri]})
    tags = {"examples": len(patches), "epochs": epochs, "loss": round(float(network.loss_), 7)}
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def locate_peaks(work_folder: str) -> dict:
    """Let the network tell the locations of the peaks of the scan that it has never seen.

    Of the fits it is told no more than which patches to look at.

    :param work_folder: ``training.json`` names the held-out scan; ``located.json`` goes there.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np

    folder = Path(work_folder)
    inputs = []

    def described(name: str, kind: str) -> dict:
        """Return how provenance names a file."""
        content = (folder / name).read_bytes()
        file = {"name": name, "kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    def read(name: str, kind: str = "data") -> Path:
        """Return the path of a file, and remember that it was used."""
        inputs.append(described(name, kind))
        return folder / name

    scan = json.loads(read("training.json", "fact").read_bytes())["held_out_scan"]
    with np.load(read("model/bragg_nn.npz", "model")) as network:
        half = int(network["half_px"])
        layers = [
            (network[f"weights_{n}"], network[f"biases_{n}"]) for n in range(len(network) // 2)
        ]
    frames = np.load(read(f"{scan}/frames.npy")).astype(float)
    looked_at = json.loads(read(f"{scan}/peaks.json").read_bytes())["peaks"]

    def located(peak: dict) -> dict:
        row, column = peak["patch"]
        patch = frames[
            peak["frame"], row - half : row + half + 1, column - half : column + half + 1
        ]
        signal = ((patch - patch.min()) / np.ptp(patch)).ravel()
        for weights, biases in layers[:-1]:
            signal = np.maximum(signal @ weights + biases, 0.0)
        at = (row, column) + half * (signal @ layers[-1][0] + layers[-1][1])
        return {"frame": peak["frame"], "patch": peak["patch"], "at": at.round(4).tolist()}

    content = {"scan": scan, "peaks": [located(peak) for peak in looked_at]}
    (folder / scan / "located.json").write_text(json.dumps(content, indent=1) + "\n")
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    tags = {"scan": scan, "peaks": len(looked_at)}
    outputs = [described(f"{scan}/located.json", "data") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def compare_locations(work_folder: str, scan: str) -> dict:
    """Compare the network's locations with those of the fits, and say whether they agree.

    They do when half of them are nearer than ``comparison.json`` asks for.

    :param scan: holds ``located.json`` and ``peaks.json``; ``verdict.json`` goes there.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np

    folder = Path(work_folder)
    inputs = []

    def described(name: str, kind: str, content: bytes) -> dict:
        """Return how provenance names a file."""
        file = {"kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    def read(name: str, kind: str = "data") -> dict:
        """Return what a JSON file holds, and remember that it was used."""
        content = (folder / name).read_bytes()
        inputs.append(described(name, kind, content) | {"name": name})
        return json.loads(content)

    limit_px = read("comparison.json", "fact")["max_median_px"]
    by_fit, by_network = (read(f"{scan}/{name}.json")["peaks"] for name in ("peaks", "located"))
    at, located, patches = (
        np.array([peak[key] for peak in peaks])
        for peaks, key in ((by_fit, "at"), (by_network, "at"), (by_fit, "patch"))
    )
    apart_px = np.hypot(*(located - at).T)
    brightest_px = float(np.median(np.hypot(*(patches - at).T)))
    median_px, most_px = (float(np.percentile(apart_px, part)) for part in (50, 95))
    agrees = median_px <= limit_px
    measured = {
        "verdict": "passed" if agrees else "failed",
        "measured": round(median_px, 4),
        "limit": limit_px,
        "unit": "px",
    }
    more = {"scan": scan, "peaks": len(at), "p95_px": round(most_px, 4)}
    table = [
        f"{'apart from the fit (px)':28}{'median':>10}{'95 %':>10}",
        f"{'the network':28}{median_px:10.3f}{most_px:10.3f}",
        f"{'the brightest pixel':28}{brightest_px:10.3f}",
        f"{'asked for':28}{limit_px:10.3f}",
    ]
    name = f"The network's locations {'agree' if agrees else 'do not agree'} with the fit's"
    content = (json.dumps(measured | more, indent=2) + "\n").encode()
    (folder / scan / "verdict.json").write_bytes(content)
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    statement = described(f"{scan}/verdict.json", "statement", content)
    outputs = [statement | {"name": name, "tags": measured | more}]
    result = measured | more | {"table": "\n".join([*table, f"{name}."])}
    return result | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": measured}}
