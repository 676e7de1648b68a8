"""The science of the CTSegNet flow: what its compute steps run, one top-level function a step.

Segmentation of tomographic scans, at small scale: projections become slices, an ensemble of small
networks learns from masks of one scan, segments another one in inference mode, votes, and is
trained further on its own votes.

Each function is complete in itself, because its text alone is sent to a Globus Compute worker:
imports and helpers stand in its body. Each returns a plain object whose ``provenance`` tells what
it used and made; nothing here knows of Braid-DB. Names end in their units: ``_px`` is pixels,
``_counts`` photons. Volumes have the axes slice, row, column.
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


def collect_scan(work_folder: str, scan: str, samples: dict) -> dict:
    """Stand in for the beamline and for whoever marks particles by hand.

    A sample is a cylinder with denser particles. Beam time is over sooner than questions are: a
    scan that is there already stays as it is.

    :param scan: names the scan's folder, ``projections.npy`` and ``marked_by_hand.npy`` go into it.
    :param samples: how each scan's sample and set-up truly are: ``seed``, ``particles``,
        ``absorption`` of the cylinder a pixel, ``excess`` of the particles as a part of it,
        ``open_beam_counts``, ``centre_px`` of the rotation.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np
    import scipy
    from scipy import ndimage

    folder = Path(work_folder)

    def described(name: str, kind: str) -> dict:
        """Return how provenance names a file."""
        content = (folder / name).read_bytes()
        file = {"name": name, "kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    if scan not in samples:
        raise ValueError(f"The input's samples lack the scan '{scan}'.")
    experiment, sample = json.loads((folder / "experiment.json").read_bytes()), samples[scan]
    inputs = [described("experiment.json", "fact")]
    for module, version in (("numpy", np.__version__), ("scipy", scipy.__version__)):
        uri = f"https://pypi.org/project/{module}/{version}/"
        inputs.append({"name": f"{module} {version}", "kind": "fact", "uris": [uri]})
    tags = {"tomo_id": scan, "kept": True}
    names = [f"{scan}/projections.npy", f"{scan}/marked_by_hand.npy"]
    if all((folder / name).exists() for name in names):
        return tags | {"provenance": {"inputs": inputs, "tags": tags}}
    rng, size = np.random.default_rng(sample["seed"]), experiment["pixels"]
    slices, rows, columns = np.indices((experiment["slices"], size, size))
    middle = (size - 1) / 2
    cylinder = np.hypot(rows - middle, columns - middle) < 0.375 * size
    particles = np.zeros(cylinder.shape, dtype=bool)
    for _ in range(sample["particles"]):
        radius_px, turn = rng.uniform(1.5, 5.0), rng.uniform(0, 2 * np.pi)
        from_axis_px = 0.27 * size * np.sqrt(rng.random())
        at = rng.uniform(0, experiment["slices"]), middle, middle
        at = at[0], middle + from_axis_px * np.sin(turn), middle + from_axis_px * np.cos(turn)
        square_px2 = (slices - at[0]) ** 2 + (rows - at[1]) ** 2 + (columns - at[2]) ** 2
        particles |= square_px2 < radius_px**2
    absorption = sample["absorption"] * (cylinder + sample["excess"] * particles)
    projections = []
    for angle in np.linspace(0, 180, experiment["angles"], endpoint=False):
        turned = ndimage.rotate(absorption, angle, axes=(1, 2), reshape=False, order=1)
        along = ndimage.shift(turned.sum(axis=1), (0, sample["centre_px"] - middle), order=1)
        projections.append(rng.poisson(sample["open_beam_counts"] * np.exp(-along)))
    (folder / scan).mkdir(exist_ok=True)
    np.save(folder / names[0], np.array(projections, dtype=np.uint16))
    np.save(folder / names[1], particles)
    tags["kept"] = False
    outputs = [described(name, "data") | {"tags": {"tomo_id": scan}} for name in names]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def reconstruct_scan(work_folder: str, scan: str) -> dict:
    """Turn a scan's projections into slices, by filtered back-projection.

    :param scan: ``<scan>/scan.json`` says where it turned and how bright the beam was; the slices
        go to ``<scan>/slices.npy``.
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

    def read(name: str, kind: str) -> Path:
        """Return the path of a file, and remember that it was used."""
        inputs.append(described(name, kind))
        return folder / name

    about = json.loads(read(f"{scan}/scan.json", "fact").read_bytes())
    counts = np.load(read(f"{scan}/projections.npy", "data"))
    angles, slices, size = counts.shape
    along = -np.log(np.maximum(counts, 1) / about["open_beam_counts"])
    # Twice as long, so that the ramp filter does not wrap around.
    ramp = 2 * np.abs(np.fft.rfftfreq(2 * size))
    filtered = np.fft.irfft(np.fft.rfft(along, 2 * size, axis=2) * ramp, 2 * size, axis=2)
    rows, columns = np.indices((size, size)) - (size - 1) / 2
    volume = np.zeros((slices, size, size))
    for one, angle in zip(filtered, np.linspace(0, np.pi, angles, endpoint=False), strict=True):
        at_px = columns * np.cos(angle) + rows * np.sin(angle) + about["centre_px"]
        left = np.clip(np.floor(at_px).astype(int), 0, size - 2)
        part = np.clip(at_px - left, 0.0, 1.0)
        volume += one[:, left] * (1 - part) + one[:, left + 1] * part
    name = f"{scan}/slices.npy"
    np.save(folder / name, (volume * np.pi / 2 / angles).astype(np.float32))
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    tags = {"tomo_id": scan, "slices": slices}
    outputs = [described(name, "data") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def adjust_contrast(work_folder: str, scan: str) -> dict:
    """Bring the grey values of a scan's slices to 0 to 1, so that scans can be compared.

    :param scan: its ``slices.npy`` become ``adjusted.npy``; ``contrast.json`` says which
        percentiles become 0 and 1.
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

    def read(name: str, kind: str) -> Path:
        """Return the path of a file, and remember that it was used."""
        inputs.append(described(name, kind))
        return folder / name

    percentiles = json.loads(read("contrast.json", "fact").read_bytes())["percentiles"]
    slices = np.load(read(f"{scan}/slices.npy", "data"))
    darkest, brightest = np.percentile(slices, percentiles)
    adjusted = np.clip((slices - darkest) / (brightest - darkest), 0.0, 1.0)
    np.save(folder / scan / "adjusted.npy", adjusted.astype(np.float32))
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    tags = {"tomo_id": scan, "range": round(float(brightest - darkest), 6)}
    outputs = [described(f"{scan}/adjusted.npy", "data") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def make_masks(work_folder: str, scan: str) -> dict:
    """Make masks of a scan that is clear enough, by Otsu's threshold.

    The threshold parts the sample from the air; another one, above it, the particles from the rest.

    :param scan: its ``adjusted.npy`` are looked at; ``masks.json`` says how many thresholds to
        take. The masks go to ``<scan>/masks.npy``.
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

    def read(name: str, kind: str) -> Path:
        """Return the path of a file, and remember that it was used."""
        inputs.append(described(name, kind))
        return folder / name

    def threshold(values: np.ndarray) -> float:
        """Return where the variance between the two parts of the values is largest."""
        heights, edges = np.histogram(values, 256)
        count = np.cumsum(heights)[:-1]
        total = np.cumsum(heights * (edges[:-1] + edges[1:]) / 2)
        apart = (total[-1] * count / len(values) - total[:-1]) ** 2
        return float(edges[1:-1][np.argmax(apart / (count * (len(values) - count)))])

    thresholds = json.loads(read("masks.json", "fact").read_bytes())["thresholds"]
    adjusted = np.load(read(f"{scan}/adjusted.npy", "data"))
    above = -1.0
    for _ in range(thresholds):
        above = threshold(adjusted[adjusted > above])
    masks = adjusted > above
    np.save(folder / scan / "masks.npy", masks)
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    tags = {"tomo_id": scan, "threshold": round(above, 4), "particles_part": float(masks.mean())}
    outputs = [described(f"{scan}/masks.npy", "data") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def train_ensemble(work_folder: str, scan: str, state: int) -> dict:
    """Train each network of the ensemble to tell from the pixels around it what a voxel is.

    State 0 learns from masks. A later one goes on from the state before it, and learns from the
    votes of that state, which is to say from the ensemble's own inferences. The file of a network
    is written anew each time; beside it, each state is kept.

    :param scan: its ``adjusted.npy`` are learned from, with its masks or votes.
    :param state: which state to make; ``ensemble.json`` says how. The networks go to
        ``model/patch_<px>.npz``, the states to ``model/state_<state>/``.
    """
    import hashlib
    import json
    import shutil
    from pathlib import Path

    import numpy as np
    import sklearn
    from sklearn.neural_network import MLPClassifier

    folder = Path(work_folder)
    inputs, outputs = [], []

    def described(name: str, kind: str) -> dict:
        """Return how provenance names a file."""
        content = (folder / name).read_bytes()
        file = {"name": name, "kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    def read(name: str, kind: str) -> Path:
        """Return the path of a file, and remember that it was used."""
        inputs.append(described(name, kind))
        return folder / name

    def read_state(number: int, model: str) -> list:
        """Return the weights and biases that a state of a network has kept."""
        kept = described(f"model/state_{number}/{model}.npz", "model")
        # The state is of the network's record: its checksum tells which version.
        uri = (folder / f"model/{model}.npz").as_uri()
        inputs.append(kept | {"name": f"model/{model}.npz", "uris": [uri]})
        with np.load(folder / f"model/state_{number}/{model}.npz") as network:
            return [network[name] for name in network.files]

    ensemble = json.loads(read("ensemble.json", "fact").read_bytes())
    learned = "masks.npy" if state == 0 else f"votes/state_{state - 1}.npy"
    epochs = ensemble["epochs_on_masks" if state == 0 else "epochs_on_votes"]
    adjusted = np.load(read(f"{scan}/adjusted.npy", "data"))
    wanted = np.load(read(f"{scan}/{learned}", "data")).ravel().astype(int)

    def patches(size_px: int) -> np.ndarray:
        """Return the pixels around each voxel (n, size_px ** 2), in its slice."""
        around = ((0, 0), (size_px // 2,) * 2, (size_px // 2,) * 2)
        window = (size_px, size_px)
        views = np.lib.stride_tricks.sliding_window_view(
            np.pad(adjusted, around, mode="edge"), window, axis=(1, 2)
        )
        return views.reshape(-1, size_px**2)

    losses = {}
    (folder / f"model/state_{state}").mkdir(parents=True, exist_ok=True)
    for size_px in ensemble["patch_px"]:
        model, seed = f"patch_{size_px}", [ensemble["seed"], state, size_px]
        seen, rng = patches(size_px), np.random.default_rng(seed)
        network = MLPClassifier(
            hidden_layer_sizes=ensemble["hidden"],
            learning_rate_init=ensemble["learning_rate"],
            batch_size=ensemble["batch_size"],
            random_state=ensemble["seed"] + size_px,
            shuffle=False,
        )
        # One step on one batch gives the network its shape, and what is known is put into it.
        first = slice(ensemble["batch_size"])
        network.partial_fit(seen[first], wanted[first], classes=[0, 1])
        if state > 0:
            layers = [*network.coefs_, *network.intercepts_]
            for layer, known in zip(layers, read_state(state - 1, model), strict=True):
                layer[...] = known
        for _ in range(epochs):
            order = rng.permutation(len(wanted))[: ensemble["voxels_per_epoch"]]
            network.partial_fit(seen[order], wanted[order])
        arrays = {f"weights_{n}": layer for n, layer in enumerate(network.coefs_)}
        arrays |= {f"biases_{n}": layer for n, layer in enumerate(network.intercepts_)}
        kept = f"model/state_{state}/{model}.npz"
        np.savez(folder / kept, **arrays)
        shutil.copyfile(folder / kept, folder / f"model/{model}.npz")
        losses[model] = round(float(network.loss_), 5)
        tags = {"state": state, "patch_px": size_px, "loss": losses[model], "kept_in": kept}
        outputs.append(described(f"model/{model}.npz", "model") | {"tags": tags})
    for module, version in (("numpy", np.__version__), ("scikit-learn", sklearn.__version__)):
        uri = f"https://pypi.org/project/{module}/{version}/"
        inputs.append({"name": f"{module} {version}", "kind": "fact", "uris": [uri]})
    tags = {"state": state, "tomo_id": scan, "loss": losses}
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def segment_scan(work_folder: str, scan: str, state: int) -> dict:
    """Let each network of the ensemble say of each voxel of a scan whether it is a particle.

    :param scan: its ``adjusted.npy`` is looked at.
    :param state: which state of the networks is asked; what each says goes to
        ``<scan>/inferred/state_<state>/patch_<px>.npy``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np

    folder = Path(work_folder)
    inputs, outputs = [], []

    def described(name: str, kind: str) -> dict:
        """Return how provenance names a file."""
        content = (folder / name).read_bytes()
        file = {"name": name, "kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    def read(name: str, kind: str) -> Path:
        """Return the path of a file, and remember that it was used."""
        inputs.append(described(name, kind))
        return folder / name

    def read_state(model: str) -> dict:
        """Return the weights and biases that the state of a network has kept."""
        kept = described(f"model/state_{state}/{model}.npz", "model")
        # The state is of the network's record: its checksum tells which version.
        uri = (folder / f"model/{model}.npz").as_uri()
        inputs.append(kept | {"name": f"model/{model}.npz", "uris": [uri]})
        with np.load(folder / f"model/state_{state}/{model}.npz") as network:
            return dict(network)

    sizes_px = json.loads(read("ensemble.json", "fact").read_bytes())["patch_px"]
    adjusted = np.load(read(f"{scan}/adjusted.npy", "data"))
    (folder / scan / f"inferred/state_{state}").mkdir(parents=True, exist_ok=True)
    parts = {}
    for size_px in sizes_px:
        network = read_state(f"patch_{size_px}")
        around = ((0, 0), (size_px // 2,) * 2, (size_px // 2,) * 2)
        window = (size_px, size_px)
        signal = np.lib.stride_tricks.sliding_window_view(
            np.pad(adjusted, around, mode="edge"), window, axis=(1, 2)
        ).reshape(-1, size_px**2)
        count = len(network) // 2
        for number in range(count):
            signal = signal @ network[f"weights_{number}"] + network[f"biases_{number}"]
            if number < count - 1:
                signal = np.maximum(signal, 0.0)
        name = f"{scan}/inferred/state_{state}/patch_{size_px}.npy"
        inferred = signal.reshape(adjusted.shape) > 0
        np.save(folder / name, inferred)
        parts[f"patch_{size_px}"] = round(float(inferred.mean()), 5)
        tags = {"tomo_id": scan, "state": state, "particles_part": parts[f"patch_{size_px}"]}
        outputs.append(described(name, "statement") | {"tags": tags})
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    tags = {"tomo_id": scan, "state": state, "particles_part": parts}
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def vote(work_folder: str, scan: str, state: int) -> dict:
    """Call a voxel a particle where enough networks of the ensemble do.

    :param scan: which scan was segmented.
    :param state: which state of the networks did it; the votes, on which the next state can learn,
        go to ``<scan>/votes/state_<state>.npy``.
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

    def read(name: str, kind: str) -> Path:
        """Return the path of a file, and remember that it was used."""
        inputs.append(described(name, kind))
        return folder / name

    ensemble = json.loads(read("ensemble.json", "fact").read_bytes())
    said = sum(
        np.load(read(f"{scan}/inferred/state_{state}/patch_{size_px}.npy", "statement")).astype(int)
        for size_px in ensemble["patch_px"]
    )
    votes = said >= ensemble["votes_needed"]
    name = f"{scan}/votes/state_{state}.npy"
    (folder / name).parent.mkdir(exist_ok=True)
    np.save(folder / name, votes)
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    unanimous = float(np.isin(said, (0, len(ensemble["patch_px"]))).mean())
    tags = {"tomo_id": scan, "state": state, "unanimous_part": round(unanimous, 5)}
    outputs = [described(name, "data") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def judge_segmentation(work_folder: str, retrained_on: str, held_out: str, state: int) -> dict:
    """Hold the ensemble's votes to what was marked by hand, and state a verdict on each test.

    Overlap is the intersection of both as a part of their union. No network has learned from
    anything that was marked by hand.

    :param retrained_on: the scan on whose votes the networks were trained further.
    :param held_out: a scan that they have never learned from.
    :param state: the last state of the networks; ``tests.json`` holds the limits, verdicts go to
        ``verdicts/<test>.json``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np

    folder = Path(work_folder)
    inputs, outputs = [], []

    def described(name: str, kind: str) -> dict:
        """Return how provenance names a file."""
        content = (folder / name).read_bytes()
        file = {"name": name, "kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    def read(name: str, kind: str) -> Path:
        """Return the path of a file, and remember that it was used."""
        inputs.append(described(name, kind))
        return folder / name

    at_least = json.loads(read("tests.json", "fact").read_bytes())["at_least"]

    def overlap(scan: str, number: int) -> float:
        votes = np.load(read(f"{scan}/votes/state_{number}.npy", "data"))
        marked = np.load(read(f"{scan}/marked_by_hand.npy", "data"))
        return 100 * float((votes & marked).sum() / (votes | marked).sum())

    measured = {
        "unseen_scan": ("a scan that was never seen is segmented", overlap(held_out, state)),
        "retrained_scan": ("the scan of the retraining is segmented", overlap(retrained_on, state)),
    }
    gain = measured["retrained_scan"][1] - overlap(retrained_on, 0)
    measured["gain"] = ("retraining has helped", gain)
    (folder / "verdicts").mkdir(exist_ok=True)
    table = [f"{'test (overlap in %)':42}{'measured':>10}{'at least':>10}  verdict"]
    for test, (name, value) in measured.items():
        limit = at_least[test]
        verdict = "passed" if value >= limit else "failed"
        told = {"verdict": verdict, "measured": round(value, 3), "limit": limit, "unit": "%"}
        path = folder / "verdicts" / f"{test}.json"
        path.write_text(json.dumps({"test": name} | told, indent=2) + "\n", encoding="utf-8")
        statement = described(f"verdicts/{test}.json", "statement")
        outputs.append(statement | {"name": name[0].upper() + name[1:], "tags": told})
        table.append(f"{name:42}{value:10.2f}{limit:10.2f}  {verdict}")
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    verdicts = [output["tags"]["verdict"] for output in outputs]
    tags = {verdict: verdicts.count(verdict) for verdict in ("passed", "failed")}
    provenance = {"inputs": inputs, "outputs": outputs, "tags": tags}
    return tags | {"table": "\n".join(table), "provenance": provenance}
