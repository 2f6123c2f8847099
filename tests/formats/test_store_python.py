"""Files of the store as Python sees them, and files of Python as the store reads them.

Run by ctest with the store_driver program as the argument. Needs numpy, h5py, scipy, pandas and anndata; without them
it exits with 77, which ctest shows as skipped.
"""
import os
import subprocess
import sys
import tempfile
import unittest
import warnings

try:
    import anndata
    import h5py
    import numpy as np
    import pandas as pd
    import scipy.sparse as sp
except ImportError as e:
    print("skipped: %s (set WINNOW_PYTHON to an interpreter that has numpy, h5py, scipy, pandas, anndata)" % e)
    sys.exit(77)

warnings.filterwarnings("ignore")
DRIVER = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None


def driver(*args):
    return subprocess.run([DRIVER, *map(str, args)], capture_output=True)


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def run_ok(self, *args):
        r = driver(*args)
        self.assertEqual(r.returncode, 0, r.stderr.decode())
        return r.stdout.decode()

    def run_bad(self, code, *args):
        r = driver(*args)
        self.assertEqual(r.returncode, code, r.stdout.decode()[:200] + r.stderr.decode())
        return r.stderr.decode()

    def matrix(self, path, dataset="", block=5):
        first, *rest = self.run_ok("matrix", path, dataset, block).splitlines()
        n, d = map(int, first.split())
        x = np.array([line.split() for line in rest], dtype=np.float32).reshape(n, d)
        return x

    def column(self, path, name, kind):
        return self.run_ok("column", path, name, kind).split("\n")[:-1]


class Written(StoreTest):
    """What winnow wrote."""

    def check_full(self, n, d, batch):
        path = self.path("full.h5ad")
        self.run_ok("write", path, n, d, batch)
        a = anndata.read_h5ad(path)
        self.assertEqual(a.shape, (n, d))
        self.assertEqual(a.X.dtype, np.float32)
        np.testing.assert_array_equal(a.X, np.arange(n * d, dtype=np.float64).reshape(n, d) / 8)
        self.assertEqual(list(a.obs_names), ["é%d" % i for i in range(n)])
        self.assertEqual(list(a.var_names), [str(j) for j in range(d)])
        self.assertEqual(list(a.obs.columns), ["label", "line", "gain", "represented_sim", "selected"])
        labels = [[*"nvé", None][i % 4] for i in range(n)]
        self.assertEqual(list(a.obs.label.cat.categories), ["noun", "verb", "élan"])
        self.assertFalse(a.obs.label.cat.ordered)
        self.assertEqual([None if pd.isna(v) else v[0] for v in a.obs.label], labels)
        self.assertEqual(a.obs.line.dtype, np.int64)
        np.testing.assert_array_equal(a.obs.line, np.arange(n) * 5000000000)
        self.assertEqual(a.obs.gain.dtype, np.float64)
        np.testing.assert_array_equal(a.obs.gain, [np.nan if i % 2 else i / 3 for i in range(n)])
        self.assertEqual(a.obs.represented_sim.dtype, np.float32)
        np.testing.assert_array_equal(a.obs.represented_sim, np.arange(n) / 16)
        self.assertEqual(a.obs.selected.dtype, bool)
        np.testing.assert_array_equal(a.obs.selected, np.arange(n) % 3 == 0)
        u = a.uns["winnow"]
        self.assertEqual((u["version"], u["command"]), ("0.1.0", "winnow embed in.jsonl"))
        self.assertEqual(u["config"], '{"k": "10%", "é": 1}')
        self.assertEqual(list(u["seed"]), [7])
        self.assertEqual(list(u["selection"]), [1, 0] if n > 1 else [])
        self.assertEqual(list(u["objective"]), [0.5, 0.75] if n > 1 else [])
        return a

    def test_anndata_reads_everything(self):
        a = self.check_full(1000, 30, 64)
        g = a.obsp["similarity"]
        self.assertIsInstance(g, sp.csr_matrix)
        self.assertEqual(g.shape, (1000, 1000))
        want = np.roll(np.eye(1000), 1, 1) * 0.5 + np.roll(np.eye(1000), 2, 1) * 0.25
        np.testing.assert_array_equal(g.toarray(), want)
        self.assertEqual(g.data.dtype, np.float32)
        self.assertTrue(np.issubdtype(g.indices.dtype, np.signedinteger))
        np.testing.assert_array_equal((g @ g).toarray(), want @ want)

    def test_small_and_wide_shapes(self):
        for n, d, batch in [(3, 1, 1), (3, 300000, 2), (20000, 3, 7777)]:
            self.check_full(n, d, batch)

    def test_anndata_can_use_and_rewrite_the_file(self):
        a = self.check_full(10, 4, 4)
        chosen = a[a.obs.selected].copy()
        self.assertEqual(chosen.shape, (4, 4))
        again = self.path("again.h5ad")
        a.write_h5ad(again)
        np.testing.assert_array_equal(self.matrix(again), a.X)
        self.assertEqual(self.column(again, "_index", "s"), list(a.obs_names))
        self.assertEqual(self.column(again, "label", "s"), ["" if pd.isna(v) else v for v in a.obs.label])
        self.assertIn("kind: HDF5, AnnData", self.run_ok("check", again))
        backed = anndata.read_h5ad(self.path("full.h5ad"), backed="r")
        np.testing.assert_array_equal(backed.X[3:5], a.X[3:5])
        backed.file.close()

    def test_every_array_has_checksums(self):
        self.check_full(1000, 30, 64)
        seen = []

        def look(name, o):
            if isinstance(o, h5py.Dataset) and o.shape and o.dtype.kind != "O":
                self.assertTrue(o.fletcher32, name)
                seen.append(name)
            if isinstance(o, h5py.Dataset) and o.shape and o.dtype.kind == "O":
                self.assertIn("winnow-crc32", o.attrs, name)

        with h5py.File(self.path("full.h5ad")) as f:
            f.visititems(look)
        self.assertIn("X", seen)
        self.assertIn("obs/label/codes", seen)
        self.assertIn("obsp/similarity/indices", seen)

    def test_bare_and_empty_matrices(self):
        for n in (0, 1, 3):
            path = self.path("bare%d.h5ad" % n)
            self.run_ok("bare", path, n, 5)
            a = anndata.read_h5ad(path)
            self.assertEqual(a.shape, (n, 5))
            self.assertEqual(list(a.obs_names), [str(i) for i in range(n)])
            self.assertEqual(list(a.obs.columns), [])
            self.assertIn("matrix: %d x 5 f32" % n, self.run_ok("check", path))

    def test_equal_bytes_from_other_processes_and_batches(self):
        def content(perturb, batch):
            path = self.path("p%d.h5ad" % perturb)
            env = dict(os.environ, MALLOC_PERTURB_=str(perturb))
            subprocess.run([DRIVER, "write", path, "5000", "64", str(batch)], check=True, env=env)
            with open(path, "rb") as f:
                return f.read()

        self.assertEqual(content(1, 5000), content(170, 123))

    def test_ann_benchmarks_export(self):
        path = self.path("ann.hdf5")
        self.run_ok("ann", path, 500, 16)
        with h5py.File(path) as f:
            self.assertEqual(dict(f.attrs), {"type": "dense", "distance": "angular", "winnow": "1"})
            self.assertEqual(sorted(f), ["distances", "neighbors", "train"])
            np.testing.assert_array_equal(f["train"], np.arange(8000).reshape(500, 16) / 8)
            i = np.arange(500)
            np.testing.assert_array_equal(f["neighbors"], np.c_[(i + 1) % 500, (i + 2) % 500])
            np.testing.assert_array_equal(f["distances"], np.tile(np.float32([0.5, 0.75]), (500, 1)))
            self.assertEqual(f["neighbors"].dtype, np.int32)
        np.testing.assert_array_equal(self.matrix(path), np.arange(8000).reshape(500, 16) / 8)


class Npy(StoreTest):
    def test_types_orders_and_versions(self):
        x = np.random.default_rng(1).normal(size=(23, 7)) * 100
        for dtype in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8"):
            for order in "CF":
                for version in ((1, 0), (2, 0), (3, 0)):
                    a = np.array(x, dtype=dtype, order=order)
                    path = self.path("x.npy")
                    with open(path, "wb") as f:
                        np.lib.format.write_array(f, a, version=version)
                    np.testing.assert_array_equal(self.matrix(path), a.astype(np.float32))
                    self.assertIn("23 x 7 f%s, %s order" % (8 * int(dtype[2]), "C" if order == "C" else "Fortran"),
                                  self.run_ok("check", path))

    def test_all_half_floats(self):
        bits = np.arange(65536, dtype=np.uint16)
        half = bits.view("<f2")
        half = half[np.isfinite(half)].reshape(-1, 64)
        np.save(self.path("h.npy"), half)
        np.testing.assert_array_equal(self.matrix(self.path("h.npy"), block=100), half.astype(np.float32))
        with h5py.File(self.path("h.h5"), "w") as f:
            f["a"] = half.astype(">f2")
        np.testing.assert_array_equal(self.matrix(self.path("h.h5"), block=100), half.astype(np.float32))

    def test_empty_and_large(self):
        np.save(self.path("e.npy"), np.zeros((0, 4), np.float32))
        self.assertEqual(self.matrix(self.path("e.npy")).shape, (0, 4))
        x = np.random.default_rng(2).normal(size=(3, 200000)).astype(np.float32)
        for a in (x, np.asfortranarray(x), np.asfortranarray(x.T)):
            np.save(self.path("w.npy"), a)
            np.testing.assert_array_equal(self.matrix(self.path("w.npy"), block=70000 if a.shape[0] > 3 else 2), a)

    def test_what_cannot_be_read_is_named(self):
        path = self.path("x.npy")
        for a, text in [
            (np.zeros((3, 2), np.int64), "64-bit integers ('<i8')"),
            (np.zeros((3, 2), bool), "booleans ('|b1')"),
            (np.zeros((3, 2), np.complex64), "64-bit complex numbers ('<c8')"),
            (np.zeros(3, np.float32), "1 dimension;"),
            (np.float32(1), "0 dimensions"),
            (np.zeros((3, 2, 1), np.float32), "3 dimensions"),
            (np.array([[{}]]), "Python objects"),
            (np.zeros(3, [("a", "f4")]), "holds records"),
            (np.zeros((3, 0), np.float32), "no columns"),
        ]:
            np.save(path, a, allow_pickle=True)
            message = self.run_bad(3, "matrix", path, "", 4)
            self.assertIn(text, message)
            self.assertIn("x.npy", message)


class Hdf5(StoreTest):
    def test_layouts_types_and_filters(self):
        x = np.random.default_rng(3).normal(size=(1000, 33))
        for dtype in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8"):
            a = x.astype(dtype)
            for kw in ({}, {"chunks": (100, 7)}, {"chunks": (1000, 33), "compression": "gzip", "shuffle": True},
                       {"chunks": (64, 33), "fletcher32": True}, {"maxshape": (None, None)}):
                path = self.path("x.h5")
                with h5py.File(path, "w") as f:
                    f.create_dataset("deep/er/x", data=a, **kw)
                    f["other"] = np.arange(6).reshape(2, 3)
                    f["line"] = np.zeros(5)
                np.testing.assert_array_equal(self.matrix(path, block=77), a.astype(np.float32), str((dtype, kw)))
                np.testing.assert_array_equal(self.matrix(path, "deep/er/x", 77), a.astype(np.float32))
                np.testing.assert_array_equal(self.matrix(path, "/deep/er/x", 1000), a.astype(np.float32))
                self.run_ok("check", path)

    def test_ann_benchmarks_layout(self):
        path = self.path("glove.hdf5")
        train = np.random.default_rng(4).normal(size=(50, 8)).astype(np.float32)
        with h5py.File(path, "w") as f:
            f["train"], f["test"] = train, train[:5]
            f["neighbors"], f["distances"] = np.zeros((5, 3), np.int32), np.zeros((5, 3), np.float32)
            f.attrs["type"], f.attrs["distance"] = "dense", "angular"
        np.testing.assert_array_equal(self.matrix(path), train)
        np.testing.assert_array_equal(self.matrix(path, "test"), train[:5])

    def test_latest_format_and_user_block(self):
        x = np.arange(12, dtype=np.float32).reshape(4, 3)
        for kw in ({"libver": "latest"}, {"libver": "earliest"}, {"userblock_size": 1024}):
            with h5py.File(self.path("x.h5"), "w", **kw) as f:
                f.create_dataset("x", data=x, chunks=(2, 3))
            np.testing.assert_array_equal(self.matrix(self.path("x.h5")), x)

    def test_which_dataset_is_asked(self):
        path = self.path("x.h5")
        with h5py.File(path, "w") as f:
            f["a"], f["g/b"] = np.zeros((2, 3), np.float32), np.zeros((4, 3))
            f["whole"], f["line"], f["cube"] = np.zeros((2, 3), int), np.zeros(3), np.zeros((2, 3, 4))
            f["text"] = ["a", "b"]
        message = self.run_bad(2, "matrix", path, "", 4)
        self.assertIn("/a [2, 3], /g/b [4, 3]", message)
        self.assertIn("--dataset", message)
        self.assertEqual(self.matrix(path, "g/b").shape, (4, 3))
        self.assertIn("/a [2, 3], /g/b [4, 3]", self.run_bad(2, "matrix", path, "nothing", 4))
        self.assertIn("/a [2, 3], /g/b [4, 3]", self.run_bad(2, "matrix", path, "a/below", 4))
        self.assertIn("is a group", self.run_bad(2, "matrix", path, "g", 4))
        self.assertIn("integers", self.run_bad(3, "matrix", path, "whole", 4))
        self.assertIn("strings", self.run_bad(3, "matrix", path, "text", 4))
        self.assertIn("1 dimension", self.run_bad(3, "matrix", path, "line", 4))
        self.assertIn("3 dimensions", self.run_bad(3, "matrix", path, "cube", 4))
        with h5py.File(path, "w") as f:
            f["line"] = np.zeros(3)
        self.assertIn("no two-dimensional float dataset", self.run_bad(3, "matrix", path, "", 4))

    def test_values_that_are_no_numbers(self):
        for value, text in ((np.nan, "NaN"), (np.inf, "infinite"), (-np.inf, "infinite"), (1e300, "beyond 32-bit")):
            x = np.zeros((3000, 40))
            x[2345, 17] = value
            with h5py.File(self.path("x.h5"), "w") as f:
                f["x"] = x
            np.save(self.path("x.npy"), x)
            for name in ("x.h5", "x.npy"):
                message = self.run_bad(3, "matrix", self.path(name), "", 100)
                self.assertIn("row 2345, column 17", message)
                self.assertIn(text, message)
                self.assertIn(name, message)


class FromAnndata(StoreTest):
    def frame(self, n):
        i = np.arange(n)
        return pd.DataFrame({
            "kind": pd.Categorical([["red", "blue", "grün"][k % 3] if k % 5 else None for k in i]),
            "text": ["t%d" % k for k in i],
            "count": i.astype(np.int32),
            "flag": i % 2 == 0,
            "small": i.astype(np.uint8),
            "value": i / 3,
            "half": (i / 4).astype(np.float32),
            "maybe": pd.array([None if k % 4 == 1 else int(k) for k in i], dtype="Int64"),
            "perhaps": pd.array([None if k % 4 == 1 else bool(k % 2) for k in i], dtype="boolean"),
            "years": pd.Categorical([1990 + k % 3 for k in i]),
        }, index=["row-%d" % k for k in i])

    def test_columns(self):
        n, path = 40, self.path("a.h5ad")
        x = np.random.default_rng(5).normal(size=(n, 6))
        obs = self.frame(n)
        for dtype in (np.float32, np.float64, np.float16):
            anndata.AnnData(x.astype(dtype), obs=obs).write_h5ad(path)
            np.testing.assert_array_equal(self.matrix(path), x.astype(dtype).astype(np.float32))
        self.assertIn("kind: HDF5, AnnData", self.run_ok("check", path))
        self.assertEqual(self.column(path, "_index", "s"), list(obs.index))
        self.assertEqual(self.column(path, "kind", "s"), ["" if pd.isna(v) else v for v in obs.kind])
        self.assertEqual(self.column(path, "text", "s"), list(obs.text))
        self.assertEqual(self.column(path, "years", "s"), [str(v) for v in obs.years])
        self.assertEqual(self.column(path, "count", "s"), [str(v) for v in obs["count"]])
        self.assertEqual(self.column(path, "flag", "s"), [str(v) for v in obs.flag])
        self.assertEqual([float(v) for v in self.column(path, "value", "s")], list(obs.value))
        self.assertEqual(self.column(path, "maybe", "s"), ["" if pd.isna(v) else str(v) for v in obs.maybe])
        for name in ("count", "flag", "small"):
            self.assertEqual([int(v) for v in self.column(path, name, "i")], [int(v) for v in obs[name]])
        for name in ("count", "flag", "small", "value", "half"):
            self.assertEqual([float(v) for v in self.column(path, name, "f")], [float(v) for v in obs[name]])
        np.testing.assert_array_equal(np.array(self.column(path, "maybe", "f"), float),
                                      obs.maybe.to_numpy(float, na_value=np.nan))
        np.testing.assert_array_equal(np.array(self.column(path, "perhaps", "f"), float),
                                      obs.perhaps.to_numpy(float, na_value=np.nan))
        self.assertIn("row 1 of column \"maybe\" is missing", self.run_bad(3, "column", path, "maybe", "i"))
        self.assertIn("columns: count, flag", self.run_bad(2, "column", path, "absent", "s"))
        self.assertIn("holds no integers", self.run_bad(3, "column", path, "text", "i"))
        self.assertIn("holds no numbers", self.run_bad(3, "column", path, "text", "f"))

    def test_named_index_and_nullable_strings(self):
        path = self.path("a.h5ad")
        obs = pd.DataFrame({"s": pd.array(["a", None, "ccc"], dtype="string")},
                           index=pd.Index(["x", "y", "z"], name="doc"))
        anndata.settings.allow_write_nullable_strings = True
        anndata.AnnData(np.eye(3, dtype=np.float32), obs=obs).write_h5ad(path)
        self.assertEqual(self.column(path, "_index", "s"), ["x", "y", "z"])
        self.assertEqual(self.column(path, "s", "s"), ["a", "", "ccc"])
        self.run_ok("check", path)

    def test_many_categories_and_compressed_files(self):
        n, path = 70000, self.path("a.h5ad")
        obs = pd.DataFrame({"c": pd.Categorical(["c%d" % (k * 7 % n) for k in range(n)])},
                           index=[str(k) for k in range(n)])
        anndata.AnnData(np.zeros((n, 2), np.float32), obs=obs).write_h5ad(path, compression="gzip")
        self.assertEqual(self.column(path, "c", "s"), list(obs.c))
        self.assertEqual(self.column(path, "_index", "s"), list(obs.index))
        self.run_ok("check", path)

    def test_sparse_x_is_refused_with_the_remedy(self):
        for make in (sp.csr_matrix, sp.csc_matrix):
            path = self.path("s.h5ad")
            anndata.AnnData(make(np.eye(4, dtype=np.float32))).write_h5ad(path)
            message = self.run_bad(3, "matrix", path, "", 4)
            self.assertIn("sparse", message)
            self.assertIn("toarray()", message)
            self.assertIn("matrix: sparse", self.run_ok("check", path))

    def test_graph(self):
        path = self.path("g.h5ad")
        g = sp.random(30, 30, 0.2, format="csr", random_state=1)
        a = anndata.AnnData(np.zeros((30, 2), np.float32),
                            obsp={"near": g, "far": sp.csc_matrix(g), "full": np.eye(30)})
        a.write_h5ad(path)
        self.run_ok("check", path)
        rows = [line.split() for line in self.run_ok("graph", path, "near").splitlines()]
        i, j, v = np.array(rows, float).T
        back = sp.csr_matrix((v.astype(np.float32), (i.astype(int), j.astype(int))), shape=(30, 30))
        np.testing.assert_array_equal(back.toarray(), g.toarray().astype(np.float32))
        self.assertIn("not a csr_matrix", self.run_bad(3, "graph", path, "far"))
        self.assertIn("not a csr_matrix", self.run_bad(3, "graph", path, "full"))

    def test_other_matrices_by_name(self):
        path = self.path("o.h5ad")
        a = anndata.AnnData(obs=pd.DataFrame(index=["a", "b", "c"]),
                            obsm={"emb": np.ones((3, 4)), "pca": np.ones((3, 2))})
        a.write_h5ad(path)
        self.assertIn("/obsm/emb [3, 4]", self.run_bad(2, "matrix", path, "", 4))
        np.testing.assert_array_equal(self.matrix(path, "obsm/emb"), np.ones((3, 4)))

    def test_old_categories_beside_the_columns(self):
        path = self.path("old.h5ad")
        with h5py.File(path, "w") as f:
            f["X"] = np.eye(3, dtype=np.float32)
            f["obs/_index"] = ["a", "b", "c"]
            f["obs/label"] = np.array([1, -1, 0], np.int8)
            f["obs/__categories/label"] = ["no", "yes"]
            f["obs"].attrs["_index"] = "_index"
        self.assertEqual(self.column(path, "label", "s"), ["yes", "", "no"])

    def test_fixed_length_strings(self):
        path = self.path("fixed.h5ad")
        with h5py.File(path, "w") as f:
            f["X"] = np.eye(3, dtype=np.float32)
            f["obs/_index"] = np.array([b"a", b"bcd", b"\xc3\xa9"])
            f["obs"].attrs["_index"] = "_index"
        self.assertEqual(self.column(path, "_index", "s"), ["a", "bcd", "é"])

    def test_broken_rules_are_found(self):
        def broken(change):
            path = self.path("b.h5ad")
            g = sp.csr_matrix(np.eye(6, dtype=np.float32))
            a = anndata.AnnData(np.zeros((6, 3), np.float32), obs=self.frame(6), obsp={"near": g})
            a.write_h5ad(path)
            with h5py.File(path, "r+") as f:
                change(f)
            return self.run_bad(3, "check", path)

        def replace(name, value):
            def change(f):
                attrs = dict(f[name].attrs)
                del f[name]
                f[name] = value
                f[name].attrs.update(attrs)
            return change

        def drop(name):
            def change(f):
                del f[name]
            return change

        def unset(name, key):
            def change(f):
                del f[name].attrs[key]
            return change

        self.assertIn("X is [5, 3]", broken(replace("X", np.zeros((5, 3), np.float32))))
        self.assertIn("obs/count has 5 values where 6", broken(replace("obs/count", np.zeros(5))))
        self.assertIn("\"flag\" that is not there", broken(drop("obs/flag")))
        self.assertIn("outside [-1, 3)", broken(replace("obs/kind/codes", np.full(6, 3, np.int8))))
        self.assertIn("obs/kind/codes has 7 values", broken(replace("obs/kind/codes", np.zeros(7, np.int8))))
        self.assertIn("obs/maybe/mask has 2 values", broken(replace("obs/maybe/mask", np.zeros(2, bool))))
        self.assertIn("no attribute _index", broken(unset("obs", "_index")))
        self.assertIn("no attribute column-order", broken(unset("obs", "column-order")))
        self.assertIn("no group /var", broken(drop("var")))
        self.assertIn("outside [0, 6)", broken(replace("obsp/near/indices", np.full(6, 6))))
        self.assertIn("obsp/near/indptr falls", broken(replace("obsp/near/indptr", np.array([0, 2, 1, 3, 4, 5, 6]))))
        self.assertIn("obsp/near/indices has 5", broken(replace("obsp/near/indices", np.zeros(5, int))))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
