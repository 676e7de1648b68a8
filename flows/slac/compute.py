"""The science of the SLAC flow: what its compute steps run, one top-level function a step.

Edge inference at an X-ray laser, at small scale: a detector's waveforms are reduced to two numbers
a shot by a small network, in integers as on an FPGA. It learns from simulations, which are done
before the beam is there, and from a calibration run.

Each function is complete in itself, because its text alone is sent to a Globus Compute worker:
imports and helpers stand in its body. Each returns a plain object whose ``provenance`` tells what
it used and made; nothing here knows of Braid-DB. Names end in their units: ``_kev`` is
kiloelectronvolts, ``_ns`` nanoseconds, ``_counts`` the digitiser's.
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


def run_simulation(work_folder: str, batch: str) -> dict:
    """Simulate one batch of shots: waveforms whose energy and arrival are known.

    A pulse rises and falls exponentially; its height is the energy times the gain that the batch
    assumes. Shots without a hit hold noise alone.

    :param batch: ``simulation/<batch>.json`` says what it assumes; ``<batch>.npz`` goes beside it.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np
    import scipy
    from scipy import signal

    folder = Path(work_folder)
    inputs = []

    def described(name: str, kind: str) -> dict:
        """Return how provenance names a file."""
        content = (folder / name).read_bytes()
        file = {"name": name, "kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    def read(name: str) -> dict:
        """Return what a configuration file holds, and remember that it was used."""
        inputs.append(described(name, "fact"))
        return json.loads((folder / name).read_bytes())

    experiment, assumed = read("experiment.json"), read(f"simulation/{batch}.json")
    rng = np.random.default_rng(assumed["seed"])
    shots, samples, step_ns = assumed["shots"], experiment["samples"], experiment["sample_ns"]
    hit = rng.random(shots) < assumed["hit_rate"]
    energy_kev = rng.uniform(*assumed["energy_kev"], shots) * hit
    arrival_ns = rng.uniform(*assumed["arrival_ns"], shots)
    # Two first-order filters shape an impulse, on a grid finer than the digitiser's.
    fine = 16
    impulses = np.zeros((shots, samples * fine))
    impulses[np.arange(shots), (arrival_ns / step_ns * fine).astype(int)] = energy_kev
    for constant_ns in (assumed["rise_ns"], assumed["decay_ns"]):
        keep = np.exp(-step_ns / fine / constant_ns)
        impulses = signal.lfilter([1 - keep], [1, -keep], impulses)
    # So that a pulse of 1 keV is counts_per_kev high.
    rise, decay = assumed["rise_ns"], assumed["decay_ns"]
    peak = (rise / decay) ** (rise / (decay - rise)) * step_ns / fine / decay
    waveforms = (
        experiment["pedestal_counts"] + assumed["counts_per_kev"] / peak * impulses[:, ::fine]
    )
    waveforms += rng.normal(0.0, assumed["noise_counts"], waveforms.shape)
    name = f"simulation/{batch}.npz"
    np.savez(
        folder / name,
        waveforms=np.rint(waveforms).clip(0, 4095).astype(np.int16),
        energy_kev=energy_kev,
        arrival_ns=np.where(hit, arrival_ns, 0.0),
    )
    for module, version in (("numpy", np.__version__), ("scipy", scipy.__version__)):
        uri = f"https://pypi.org/project/{module}/{version}/"
        inputs.append({"name": f"{module} {version}", "kind": "fact", "uris": [uri]})
    tags = {"batch": batch, "shots": shots, "hits": int(hit.sum())}
    outputs = [described(name, "data") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def collect_shots(work_folder: str, beam: dict) -> dict:
    """Stand in for the beamline: a calibration run, then the shots that are to be reduced.

    Beam time is over sooner than questions are: shots that are there already stay as they are.
    A slow monitor upstream measures each shot's energy and arrival as well; of the shots to be
    reduced, only the tests of the inference look at it.

    :param beam: how the beam and the detector truly are: ``seed``, ``calibration_shots``,
        ``shots``, ``hit_rate``, ``energy_kev`` and ``arrival_ns`` as ranges, ``rise_ns``,
        ``decay_ns``, ``counts_per_kev``, ``noise_counts``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np

    folder = Path(work_folder)
    beamline = folder / "experiment"

    def described(path: Path, kind: str) -> dict:
        """Return how provenance names a file."""
        content, name = path.read_bytes(), path.relative_to(folder).as_posix()
        digest = hashlib.sha256(content).hexdigest()
        file = {"name": name, "kind": kind, "uris": [path.as_uri()]}
        return file | {"sha256": digest, "size_bytes": len(content)}

    experiment = json.loads((folder / "experiment.json").read_bytes())
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    numpy = {"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]}
    inputs = [described(folder / "experiment.json", "fact"), numpy]
    files = [beamline / f"{name}.npz" for name in ("calibration", "shots", "monitor")]
    if all(path.exists() for path in files):
        return {"kept": True, "provenance": {"inputs": inputs, "tags": {"kept": True}}}
    rng = np.random.default_rng(beam["seed"])
    at_ns = np.arange(experiment["samples"]) * experiment["sample_ns"]

    def expose(shots: int) -> tuple:
        """Return waveforms (n, samples), and the energy and arrival of each shot."""
        hit = rng.random(shots) < beam["hit_rate"]
        energy_kev = rng.uniform(*beam["energy_kev"], shots) * hit
        arrival_ns = rng.uniform(*beam["arrival_ns"], shots)
        since = np.maximum(at_ns - arrival_ns[:, None], 0.0)
        rise, decay = beam["rise_ns"], beam["decay_ns"]
        pulse = np.exp(-since / decay) - np.exp(-since / rise)
        pulse /= (rise / decay) ** (rise / (decay - rise)) * (1 - rise / decay)
        counts = (
            experiment["pedestal_counts"] + beam["counts_per_kev"] * energy_kev[:, None] * pulse
        )
        counts += rng.normal(0.0, beam["noise_counts"], counts.shape)
        digitised = np.rint(counts).clip(0, 4095).astype(np.int16)
        return digitised, energy_kev, np.where(hit, arrival_ns, 0.0)

    beamline.mkdir(exist_ok=True)
    for path in files:
        path.unlink(missing_ok=True)
    waveforms, energy_kev, arrival_ns = expose(beam["calibration_shots"])
    np.savez(files[0], waveforms=waveforms, energy_kev=energy_kev, arrival_ns=arrival_ns)
    waveforms, energy_kev, arrival_ns = expose(beam["shots"])
    np.savez(files[1], waveforms=waveforms)
    np.savez(files[2], energy_kev=energy_kev, arrival_ns=arrival_ns)
    outputs = [described(path, "data") for path in files]
    return {"kept": False, "provenance": {"inputs": inputs, "outputs": outputs}}


def train_model(work_folder: str) -> dict:
    """Train a small network to tell a shot's energy and arrival from its waveform.

    It learns from the simulations first, and then goes on with the calibration run too, so that it
    knows the detector as it is. Its state is kept after both.

    :param work_folder: ``training.json`` names the batches to learn from; the states go to
        ``model/``, the last one to ``model/edge.npz``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np
    import sklearn
    from sklearn.neural_network import MLPRegressor

    folder = Path(work_folder)
    inputs, outputs = [], []

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

    experiment = json.loads(read("experiment.json", "fact").read_bytes())
    training = json.loads(read("training.json", "fact").read_bytes())
    scales = np.array([training["energy_scale_kev"], training["arrival_scale_ns"]])

    def examples(name: str) -> tuple:
        """Return waveforms and what they show, each in its scale."""
        with np.load(read(name)) as shots:
            told = np.column_stack([shots["energy_kev"], shots["arrival_ns"]]) / scales
            return (shots["waveforms"] - experiment["pedestal_counts"]) / 1024.0, told

    simulated = [examples(f"simulation/{batch}.npz") for batch in training["batches"]]
    calibration = examples("experiment/calibration.npz")
    network = MLPRegressor(
        hidden_layer_sizes=training["hidden"],
        learning_rate_init=training["learning_rate"],
        batch_size=training["batch_size"],
        random_state=training["seed"],
        shuffle=False,
    )
    rng = np.random.default_rng(training["seed"])

    def learn(parts: list, epochs: int) -> None:
        waveforms, told = (np.concatenate(part) for part in zip(*parts, strict=True))
        for _ in range(epochs):
            order = rng.permutation(len(told))
            network.partial_fit(waveforms[order], told[order])

    def keep(name: str, stage: str) -> None:
        layers = {f"weights_{n}": weights for n, weights in enumerate(network.coefs_)}
        layers |= {f"biases_{n}": biases for n, biases in enumerate(network.intercepts_)}
        (folder / "model").mkdir(exist_ok=True)
        np.savez(folder / name, scales=scales, **layers)
        tags = {"stage": stage, "loss": round(float(network.loss_), 7)}
        outputs.append(described(name, "model") | {"tags": tags})

    learn(simulated, training["simulation_epochs"])
    keep("model/simulated.npz", "simulations")
    learn([*simulated, calibration], training["calibration_epochs"])
    keep("model/edge.npz", "simulations and calibration")
    for module, version in (("numpy", np.__version__), ("scikit-learn", sklearn.__version__)):
        uri = f"https://pypi.org/project/{module}/{version}/"
        inputs.append({"name": f"{module} {version}", "kind": "fact", "uris": [uri]})
    shots = sum(len(told) for _, told in [*simulated, calibration])
    tags = {"shots": shots, "loss": round(float(network.loss_), 7)}
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def convert_to_fixed_point(work_folder: str) -> dict:
    """Turn the network's weights into the integers that an FPGA holds.

    :param work_folder: ``fpga.json`` says how many bits the weights have, and how many of them
        stand behind the point; ``model/edge.npz`` becomes ``model/edge_fixed.npz``.
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

    fpga = json.loads(read("fpga.json", "fact").read_bytes())
    largest, weight_one = 2 ** (fpga["weight_bits"] - 1) - 1, 2 ** fpga["weight_fraction_bits"]
    # The product of an activation and a weight has the fraction bits of both; so has a bias.
    bias_one = weight_one * 2 ** fpga["activation_fraction_bits"]
    saturated, integers = 0, {}
    with np.load(read("model/edge.npz", "model")) as network:
        for name in network.files:
            if name.startswith("weights"):
                exact = np.rint(network[name] * weight_one)
                saturated += int((abs(exact) > largest).sum())
                integers[name] = exact.clip(-largest - 1, largest).astype(np.int32)
            elif name.startswith("biases"):
                integers[name] = np.rint(network[name] * bias_one).astype(np.int64)
            else:
                integers[name] = network[name]
    np.savez(folder / "model/edge_fixed.npz", **integers)
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    tags = {"weight_bits": fpga["weight_bits"], "saturated_weights": saturated}
    outputs = [described("model/edge_fixed.npz", "model") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def reduce_shots(work_folder: str) -> dict:
    """Reduce each waveform to its energy and arrival, by integers alone as on an FPGA.

    Sums are kept in 48 bits as in an FPGA's multipliers; activations saturate.

    :param work_folder: ``experiment/shots.npz`` becomes ``reduced/shots.npz``.
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

    experiment = json.loads(read("experiment.json", "fact").read_bytes())
    fpga = json.loads(read("fpga.json", "fact").read_bytes())
    largest = 2 ** (fpga["activation_bits"] - 1) - 1
    fraction = fpga["activation_fraction_bits"]
    with np.load(read("model/edge_fixed.npz", "model")) as network:
        count = sum(name.startswith("weights") for name in network.files)
        layers = [
            (network[f"weights_{n}"].astype(np.int64), network[f"biases_{n}"]) for n in range(count)
        ]
    with np.load(read("experiment/shots.npz", "data")) as shots:
        waveforms = shots["waveforms"].astype(np.int64)
    # A count is 1/1024 to the network: a shift by the difference of the fraction bits.
    signal = (waveforms - experiment["pedestal_counts"]) << fraction >> 10
    for number, (weights, biases) in enumerate(layers):
        total = signal @ weights + biases
        if abs(total).max() >= 2**47:
            raise ValueError("A sum exceeds the 48 bits of the FPGA's multipliers.")
        signal = (total >> fpga["weight_fraction_bits"]).clip(-largest - 1, largest)
        if number < count - 1:
            signal = np.maximum(signal, 0)
    (folder / "reduced").mkdir(exist_ok=True)
    np.savez(folder / "reduced/shots.npz", numbers=signal.astype(np.int16))
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    tags = {"shots": len(signal), "factor": round(waveforms.shape[1] / signal.shape[1], 1)}
    outputs = [described("reduced/shots.npz", "data") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def test_inference(work_folder: str) -> dict:
    """Put what the network says of the shots to tests, and state a verdict on each.

    The slow monitor is what it is held to; and the network in floating point, so that it shows
    what the integers cost.

    :param work_folder: ``tests.json`` holds the limits; verdicts go to ``verdicts/<test>.json``.
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

    experiment, fpga, limits = (
        json.loads(read(f"{name}.json", "fact").read_bytes())
        for name in ("experiment", "fpga", "tests")
    )
    with np.load(read("model/edge.npz", "model")) as network:
        scales, count = network["scales"], (len(network.files) - 1) // 2
        layers = [(network[f"weights_{n}"], network[f"biases_{n}"]) for n in range(count)]
    with np.load(read("experiment/shots.npz", "data")) as shots:
        waveforms = shots["waveforms"]
    with np.load(read("experiment/monitor.npz", "data")) as monitor:
        true = np.column_stack([monitor["energy_kev"], monitor["arrival_ns"]])
    with np.load(read("reduced/shots.npz", "data")) as reduced:
        numbers = reduced["numbers"]
    found = numbers / 2 ** fpga["activation_fraction_bits"] * scales
    exact = (waveforms - experiment["pedestal_counts"]) / 1024.0
    for number, (weights, biases) in enumerate(layers):
        exact = exact @ weights + biases
        if number < count - 1:
            exact = np.maximum(exact, 0.0)
    hit, called_hit = true[:, 0] > 0, found[:, 0] > limits["hit_above_kev"]
    error = abs(found - true)[hit]
    measured = {
        "energy_error": ("the energy of a hit is right", float(np.median(error[:, 0])), "keV"),
        "arrival_error": ("the arrival of a hit is right", float(np.median(error[:, 1])), "ns"),
        "missed_hits": ("hits are found", 100 * float((~called_hit)[hit].mean()), "%"),
        "false_hits": ("noise is no hit", 100 * float(called_hit[~hit].mean()), "%"),
        "cost_of_integers": (
            "integers are as good as floating point",
            float(np.median(abs(found - exact * scales)[:, 0])),
            "keV",
        ),
        "size": (
            "the data are reduced",
            100 * numbers.shape[1] * 16 / (waveforms.shape[1] * experiment["sample_bits"]),
            "%",
        ),
    }
    (folder / "verdicts").mkdir(exist_ok=True)
    table = [f"{'test':46}{'measured':>10}{'at most':>10}  verdict"]
    for test, (name, value, unit) in measured.items():
        verdict = "passed" if value <= limits["at_most"][test] else "failed"
        told = {"verdict": verdict, "measured": round(value, 4), "limit": limits["at_most"][test]}
        told |= {"unit": unit, "shots": len(true)}
        path = folder / "verdicts" / f"{test}.json"
        path.write_text(json.dumps({"test": name} | told, indent=2) + "\n", encoding="utf-8")
        statement = described(f"verdicts/{test}.json", "statement")
        outputs.append(statement | {"name": name[0].upper() + name[1:], "tags": told})
        amounts = f"{value:10.3f}{told['limit']:10.3f}"
        table.append(f"{f'{name} ({unit})':46}{amounts}  {verdict}")
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    verdicts = [output["tags"]["verdict"] for output in outputs]
    tags = {verdict: verdicts.count(verdict) for verdict in ("passed", "failed")}
    provenance = {"inputs": inputs, "outputs": outputs, "tags": tags}
    return tags | {"table": "\n".join(table), "provenance": provenance}
