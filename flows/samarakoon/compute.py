"""The science of the Samarakoon flow: what its compute steps run, one top-level function a step.

Diffuse neutron scattering at small scale: a spin model is simulated over its couplings, an
auto-encoder learns what its scattering can look like in a few numbers, and the couplings of a
sample are fitted to its scattering by way of these numbers.

Each function is complete in itself, because its text alone is sent to a Globus Compute worker:
imports and helpers stand in its body. Each returns a plain object whose ``provenance`` tells what
it used and made; nothing here knows of Braid-DB. Names end in their units: ``_k`` is kelvin. The
model has Ising spins on a square lattice, with couplings to the first, second and third
neighbours; a positive coupling favours opposite spins. A pattern is the structure factor over one
quadrant of the Brillouin zone, averaged over what symmetry makes equal.
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


def simulate_scattering(work_folder: str, batch: str) -> dict:
    """Simulate the scattering of a spin model at many couplings, by Monte Carlo in a heat bath.

    Spins of which none are neighbours are turned at once, in all simulations of the batch.

    :param batch: ``simulation/<batch>.json`` says at which ``temperature_k``, with which ``seed``,
        and which couplings: each of ``couplings_k``, or ``count`` of them spread evenly between the
        ends of ``ranges_k``. The patterns go to ``simulation/<batch>.npz``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np
    import scipy
    from scipy.stats import qmc

    folder = Path(work_folder)
    inputs = []

    def described(name: str, kind: str) -> dict:
        """Return how provenance names a file."""
        content = (folder / name).read_bytes()
        file = {"name": name, "kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    def read(name: str) -> dict:
        """Return what is in a configuration file, and remember that it was used."""
        inputs.append(described(name, "fact"))
        return json.loads((folder / name).read_bytes())

    model, settings = read("spin_model.json"), read(f"simulation/{batch}.json")
    rng, size = np.random.default_rng(settings["seed"]), model["lattice"]
    if "couplings_k" in settings:
        couplings_k = np.array(settings["couplings_k"])
    else:
        low, high = np.transpose(settings["ranges_k"])
        sampler = qmc.LatinHypercube(len(low), seed=settings["seed"])
        couplings_k = qmc.scale(sampler.random(settings["count"]), low, high)
    rows, columns = np.indices((size, size))
    shells = [[(0, 1), (1, 0)], [(1, 1), (1, -1)], [(0, 2), (2, 0)]]

    def neighbours(at: np.ndarray) -> list:
        """Return, for each shell, the sites (n, 4) around some sites."""
        row, column = rows.ravel()[at], columns.ravel()[at]
        return [
            np.stack(
                [
                    (row + sign * down) % size * size + (column + sign * right) % size
                    for down, right in shell
                    for sign in (1, -1)
                ],
                axis=1,
            )
            for shell in shells
        ]

    # No two sites of a colour are neighbours of any shell, as none is three rows or columns away.
    colours = (rows % 3 * 3 + columns % 3).ravel()
    sites = [np.flatnonzero(colours == colour) for colour in range(9)]
    around = [neighbours(at) for at in sites]
    spins = rng.choice([-1.0, 1.0], (len(couplings_k), size * size))
    patterns, seen = np.zeros((len(spins), size, size)), 0
    for sweep in range(model["sweeps_to_settle"] + model["sweeps_to_measure"]):
        for at, near in zip(sites, around, strict=True):
            field_k = sum(
                couplings_k[:, shell, None] * spins[:, near[shell]].sum(axis=2)
                for shell in range(3)
            )
            up = rng.random(field_k.shape) < 1 / (
                1 + np.exp(2 * field_k / settings["temperature_k"])
            )
            spins[:, at] = np.where(up, 1.0, -1.0)
        if sweep >= model["sweeps_to_settle"] and sweep % model["sweeps_apart"] == 0:
            scattered = np.fft.fft2(spins.reshape(-1, size, size))
            patterns += np.abs(scattered) ** 2 / size**2
            seen += 1
    half = size // 2 + 1
    mirrored = np.roll(patterns[:, ::-1, :], 1, axis=1)
    quadrant = (patterns + mirrored)[:, :half, :half] / (2 * seen)
    quadrant = (quadrant + quadrant.transpose(0, 2, 1)) / 2
    name = f"simulation/{batch}.npz"
    np.savez(folder / name, couplings_k=couplings_k, patterns=quadrant.astype(np.float32))
    for module, version in (("numpy", np.__version__), ("scipy", scipy.__version__)):
        uri = f"https://pypi.org/project/{module}/{version}/"
        inputs.append({"name": f"{module} {version}", "kind": "fact", "uris": [uri]})
    tags = {"batch": batch, "simulations": len(couplings_k)}
    tags["temperature_k"] = settings["temperature_k"]
    outputs = [described(name, "data") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def measure_scattering(work_folder: str, sample: dict) -> dict:
    """Stand in for the neutron instrument: count the neutrons that a sample scatters.

    Beam time is over sooner than questions are: a measurement that is there already stays.

    :param sample: how the sample truly is: ``couplings_k``, ``seed``, ``lattice``, ``sweeps``. The
        counts go to ``experiment/counts.npy``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np

    folder = Path(work_folder)

    def described(name: str, kind: str) -> dict:
        """Return how provenance names a file."""
        content = (folder / name).read_bytes()
        file = {"name": name, "kind": kind, "uris": [(folder / name).as_uri()]}
        digest = hashlib.sha256(content).hexdigest()
        return file | {"sha256": digest, "size_bytes": len(content)}

    experiment = json.loads((folder / "experiment.json").read_bytes())
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs = [described("experiment.json", "fact")]
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    name = "experiment/counts.npy"
    if (folder / name).exists():
        return {"kept": True, "provenance": {"inputs": inputs, "tags": {"kept": True}}}
    rng, size = np.random.default_rng(sample["seed"]), sample["lattice"]
    first, second, third = sample["couplings_k"]
    spins, pattern, seen = rng.choice([-1.0, 1.0], (size, size)), np.zeros((size, size)), 0
    rows, columns = np.indices((size, size))

    def turned(*steps: tuple) -> np.ndarray:
        return sum(np.roll(spins, step, axis=(0, 1)) for step in steps)

    for sweep in range(sample["sweeps"]):
        for colour in range(9):
            field_k = first * turned((0, 1), (0, -1), (1, 0), (-1, 0))
            field_k += second * turned((1, 1), (1, -1), (-1, 1), (-1, -1))
            field_k += third * turned((0, 2), (0, -2), (2, 0), (-2, 0))
            chance = 1 / (1 + np.exp(2 * field_k / experiment["temperature_k"]))
            drawn = np.where(rng.random((size, size)) < chance, 1.0, -1.0)
            spins = np.where(rows % 3 * 3 + columns % 3 == colour, drawn, spins)
        if sweep >= 100:
            pattern += np.abs(np.fft.fft2(spins)) ** 2 / size**2
            seen += 1
    half = experiment["pixels"]
    step = size // (2 * (half - 1))
    quadrants = [pattern, pattern[::-1], pattern[:, ::-1], pattern[::-1, ::-1]]
    shifts = [(0, 0), (1, 0), (0, 1), (1, 1)]
    pattern = sum(np.roll(one, by, axis=(0, 1)) for one, by in zip(quadrants, shifts, strict=True))
    pattern = (pattern + pattern.T)[: half * step : step, : half * step : step] / (8 * seen)
    expected = experiment["counts_per_unit"] * (pattern + experiment["background"])
    (folder / "experiment").mkdir(exist_ok=True)
    np.save(folder / name, rng.poisson(expected).astype(np.int64))
    tags = {"kept": False, "temperature_k": experiment["temperature_k"]}
    outputs = [described(name, "data") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def train_auto_encoder(work_folder: str) -> dict:
    """Train an auto-encoder to give a pattern back after it went through a few numbers.

    It sees logarithms of the patterns with noise added, and is to give them back without, so that
    what it keeps is what the spins can do, and not how they were counted.

    :param work_folder: ``training.json`` names the batches to learn from; the network goes to
        ``model/auto_encoder.npz``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np
    import sklearn
    from sklearn.neural_network import MLPRegressor

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

    training = json.loads(read("training.json", "fact").read_bytes())
    batches = []
    for batch in training["training_batches"]:
        with np.load(read(f"simulation/{batch}.npz", "data")) as simulated:
            batches.append(simulated["patterns"].astype(float))
    patterns = np.concatenate(batches)
    logarithms = np.log(patterns.reshape(len(patterns), -1))
    mean, scale = logarithms.mean(axis=0), logarithms.std()
    clean = (logarithms - mean) / scale
    rng = np.random.default_rng(training["seed"])
    network = MLPRegressor(
        hidden_layer_sizes=(training["hidden"], training["numbers"], training["hidden"]),
        activation="tanh",
        learning_rate_init=training["learning_rate"],
        batch_size=training["batch_size"],
        random_state=training["seed"],
        shuffle=False,
    )
    for _ in range(training["epochs"]):
        order = rng.permutation(len(clean))
        noisy = clean[order] + rng.normal(0, training["noise"], clean.shape)
        network.partial_fit(noisy, clean[order])
    arrays = {f"weights_{n}": weights for n, weights in enumerate(network.coefs_)}
    arrays |= {f"biases_{n}": biases for n, biases in enumerate(network.intercepts_)}
    (folder / "model").mkdir(exist_ok=True)
    name = "model/auto_encoder.npz"
    np.savez(folder / name, mean=mean, scale=scale, **arrays)
    for module, version in (("numpy", np.__version__), ("scikit-learn", sklearn.__version__)):
        uri = f"https://pypi.org/project/{module}/{version}/"
        inputs.append({"name": f"{module} {version}", "kind": "fact", "uris": [uri]})
    tags = {"patterns": len(clean), "epochs": training["epochs"], "numbers": training["numbers"]}
    tags["loss"] = round(float(network.loss_), 6)
    outputs = [described(name, "model") | {"tags": tags}]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def reduce_dimensions(work_folder: str) -> dict:
    """Reduce each simulated pattern to the auto-encoder's few numbers, and learn the way to them.

    A cubic polynomial leads from couplings to these numbers, the decoder leads on to a pattern.
    Both together stand in for a simulation, at a small part of its cost.

    :param work_folder: ``training.json`` names the batches; their numbers go to
        ``reduced/numbers.npz``, the polynomial to ``model/surrogate.npz``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np
    import sklearn
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import PolynomialFeatures

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

    training = json.loads(read("training.json", "fact").read_bytes())
    with np.load(read("model/auto_encoder.npz", "model")) as network:
        encoder = [(network[f"weights_{n}"], network[f"biases_{n}"]) for n in (0, 1)]
        mean, scale = network["mean"], network["scale"]
    couplings_k, numbers = [], []
    for batch in training["training_batches"]:
        with np.load(read(f"simulation/{batch}.npz", "data")) as simulated:
            patterns, of_batch_k = simulated["patterns"].astype(float), simulated["couplings_k"]
        signal = (np.log(patterns.reshape(len(patterns), -1)) - mean) / scale
        for weights, biases in encoder:
            signal = np.tanh(signal @ weights + biases)
        couplings_k.append(of_batch_k)
        numbers.append(signal)
    cubic = PolynomialFeatures(3)
    terms, reduced = cubic.fit_transform(np.concatenate(couplings_k)), np.concatenate(numbers)
    found = Ridge(training["ridge"]).fit(terms, reduced)
    explained = round(float(found.score(terms, reduced)), 4)
    (folder / "reduced").mkdir(exist_ok=True)
    np.savez(
        folder / "reduced/numbers.npz", couplings_k=np.concatenate(couplings_k), numbers=reduced
    )
    np.savez(
        folder / "model/surrogate.npz",
        powers=cubic.powers_,
        coefficients=found.coef_,
        constant=found.intercept_,
    )
    for module, version in (("numpy", np.__version__), ("scikit-learn", sklearn.__version__)):
        uri = f"https://pypi.org/project/{module}/{version}/"
        inputs.append({"name": f"{module} {version}", "kind": "fact", "uris": [uri]})
    tags = {"patterns": len(reduced), "numbers": reduced.shape[1], "explained": explained}
    outputs = [
        described("reduced/numbers.npz", "data") | {"tags": tags},
        described("model/surrogate.npz", "model") | {"tags": {"explained": explained}},
    ]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def fit_couplings(work_folder: str) -> dict:
    """Fit the couplings of the sample to what was counted, and those of simulations held out.

    The pattern at some couplings is the surrogate's: polynomial, then decoder. The fit begins at
    the simulation whose pattern is the nearest by its numbers.

    :param work_folder: ``fit.json`` says within which bounds, and how to simulate what was found:
        that goes to ``simulation/fit.json``, the couplings to ``model/couplings.json``, those of
        the held-out batch to ``fitted/held_out.json``.
    """
    import hashlib
    import json
    from pathlib import Path

    import numpy as np
    import scipy
    from scipy.optimize import least_squares

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

    def write(name: str, content: dict) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    fit = json.loads(read("fit.json", "fact").read_bytes())
    experiment = json.loads(read("experiment.json", "fact").read_bytes())
    with np.load(read("model/auto_encoder.npz", "model")) as network:
        layers = [(network[f"weights_{n}"], network[f"biases_{n}"]) for n in range(4)]
        mean, scale = network["mean"], network["scale"]
    with np.load(read("model/surrogate.npz", "model")) as surrogate:
        powers, constant = surrogate["powers"], surrogate["constant"]
        coefficients = surrogate["coefficients"]
    with np.load(read("reduced/numbers.npz", "data")) as reduced:
        known_k, numbers = reduced["couplings_k"], reduced["numbers"]
    counts = np.load(read("experiment/counts.npy", "data")).ravel()
    with np.load(read(f"simulation/{fit['held_out_batch']}.npz", "data")) as held_out:
        true_k, simulated = held_out["couplings_k"], held_out["patterns"].astype(float)

    def through(signal: np.ndarray, some: list) -> np.ndarray:
        for number, (weights, biases) in enumerate(some):
            signal = signal @ weights + biases
            signal = signal if some is decoder and number else np.tanh(signal)
        return signal

    encoder, decoder = layers[:2], layers[2:]

    def pattern(couplings_k: np.ndarray) -> np.ndarray:
        of_surrogate = np.prod(couplings_k**powers, axis=1) @ coefficients.T + constant
        return np.exp(through(of_surrogate, decoder) * scale + mean)

    def fitted(measured: np.ndarray, sigma: np.ndarray) -> tuple:
        """Return the couplings, their standard deviations, and chi squared a pixel."""
        signal = (np.log(np.maximum(measured, 1e-3)) - mean) / scale
        near = np.sum((numbers - through(signal, encoder)) ** 2, axis=1)
        found = least_squares(
            lambda tried: (pattern(tried) - measured) / sigma,
            known_k[np.argmin(near)],
            bounds=np.transpose(fit["bounds_k"]),
        )
        covariance = np.linalg.pinv(found.jac.T @ found.jac)
        return found.x, np.sqrt(np.diag(covariance)), 2 * found.cost / len(measured)

    measured = counts / experiment["counts_per_unit"] - experiment["background"]
    sigma = np.sqrt(np.maximum(counts, 1)) / experiment["counts_per_unit"]
    couplings_k, sigma_k, misfit = fitted(measured, sigma)
    names = ("first", "second", "third")
    tags = {f"{name}_k": round(float(one), 4) for name, one in zip(names, couplings_k, strict=True)}
    tags |= {f"{name}_sigma_k": round(float(s), 4) for name, s in zip(names, sigma_k, strict=True)}
    write("model/couplings.json", tags | {"chi_squared_of_surrogate": round(float(misfit), 3)})
    one = [tags[f"{name}_k"] for name in names]
    write(
        "simulation/fit.json",
        {
            "temperature_k": experiment["temperature_k"],
            "seed": fit["seed"],
            "couplings_k": [one] * fit["simulations_of_fit"],
        },
    )
    patterns = simulated.reshape(len(simulated), -1)
    again_k = [fitted(each, fit["noise_of_simulations"] * each)[0].tolist() for each in patterns]
    write("fitted/held_out.json", {"true_k": true_k.tolist(), "fitted_k": again_k})
    for module, version in (("numpy", np.__version__), ("scipy", scipy.__version__)):
        uri = f"https://pypi.org/project/{module}/{version}/"
        inputs.append({"name": f"{module} {version}", "kind": "fact", "uris": [uri]})
    outputs = [
        described("model/couplings.json", "model") | {"tags": tags},
        described("simulation/fit.json", "data"),
        described("fitted/held_out.json", "data") | {"tags": {"simulations": len(again_k)}},
    ]
    return tags | {"provenance": {"inputs": inputs, "outputs": outputs, "tags": tags}}


def test_fit(work_folder: str) -> dict:
    """Put the auto-encoder and the fit to tests, and state a verdict on each.

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

    at_most = json.loads(read("tests.json", "fact").read_bytes())["at_most"]
    batch = json.loads(read("fit.json", "fact").read_bytes())["held_out_batch"]

    def not_reproduced() -> float:
        """Return by how many percent a pattern that was never seen comes back otherwise."""
        with np.load(read(f"simulation/{batch}.npz", "data")) as held_out:
            patterns = held_out["patterns"].astype(float).reshape(len(held_out["patterns"]), -1)
        with np.load(read("model/auto_encoder.npz", "model")) as network:
            signal = (np.log(patterns) - network["mean"]) / network["scale"]
            for number in range(4):
                signal = signal @ network[f"weights_{number}"] + network[f"biases_{number}"]
                signal = np.tanh(signal) if number < 3 else signal
            given_back = np.exp(signal * network["scale"] + network["mean"])
        return 100 * float(np.sqrt(np.mean((given_back / patterns - 1) ** 2)))

    def not_found_k() -> float:
        """Return by how much couplings that are known are missed."""
        fitted = json.loads(read("fitted/held_out.json", "data").read_bytes())
        return float(np.median(np.abs(np.subtract(fitted["fitted_k"], fitted["true_k"]))))

    def chi_squared() -> float:
        """Return how far what was counted is from a simulation at the couplings of the fit."""
        experiment = json.loads(read("experiment.json", "fact").read_bytes())
        read("model/couplings.json", "model")
        counts = np.load(read("experiment/counts.npy", "data"))
        with np.load(read("simulation/fit.npz", "data")) as simulated:
            pattern = simulated["patterns"].astype(float).mean(axis=0)
        expected = experiment["counts_per_unit"] * (pattern + experiment["background"])
        return float(np.mean((counts - expected) ** 2 / expected))

    measured = {
        "patterns": ("patterns that were never seen are given back", not_reproduced(), "%"),
        "couplings": ("couplings that are known are found", not_found_k(), "K"),
        "agreement": ("a simulation at the fit agrees with the data", chi_squared(), "chi2/pixel"),
    }
    (folder / "verdicts").mkdir(exist_ok=True)
    table = [f"{'test':46}{'measured':>10}{'at most':>10}            verdict"]
    for test, (name, value, unit) in measured.items():
        limit = at_most[test]
        verdict = "passed" if value <= limit else "failed"
        told = {"verdict": verdict, "measured": round(value, 4), "limit": limit, "unit": unit}
        path = folder / "verdicts" / f"{test}.json"
        path.write_text(json.dumps({"test": name} | told, indent=2) + "\n", encoding="utf-8")
        statement = described(f"verdicts/{test}.json", "statement")
        outputs.append(statement | {"name": name[0].upper() + name[1:], "tags": told})
        table.append(f"{name:46}{value:10.3f}{limit:10.3f} {unit:10} {verdict}")
    uri = f"https://pypi.org/project/numpy/{np.__version__}/"
    inputs.append({"name": f"numpy {np.__version__}", "kind": "fact", "uris": [uri]})
    verdicts = [output["tags"]["verdict"] for output in outputs]
    tags = {verdict: verdicts.count(verdict) for verdict in ("passed", "failed")}
    provenance = {"inputs": inputs, "outputs": outputs, "tags": tags}
    return tags | {"table": "\n".join(table), "provenance": provenance}
