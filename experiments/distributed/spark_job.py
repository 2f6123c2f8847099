"""Records to a chosen subset in Spark: every step that can be cut runs as one task a shard, by the command winnow.

    spark-submit spark_job.py RECORDS OUT --work DIR --parts M -k K [--model DIR | --encoder FILE] [-- OPTION...]
    python spark_job.py --master local[*] RECORDS OUT ...

1. driver: without --model or --encoder an LSA encoder is fitted to the first rows (--fit-rows).
2. M tasks: winnow embed --shard i/M     -> DIR/vectors/i.h5ad
3. M tasks: winnow select --shard i/M    -> DIR/parts
4. driver: winnow merge                  -> OUT, the bytes that one process writes

RECORDS and DIR stand where all machines see them. What is there is not made again: every file appears whole or not at
all, so a job that failed is started again as it is. A task whose command fails makes the job fail, with what the
command said; Spark tries it again first, as often as spark.task.maxFailures says. Options behind -- are those of winnow
select, the same for all shards.
"""
import argparse
import os
import subprocess
import sys


def run(command):
    """Runs it; what it said on standard error is the exception, so that the driver prints it."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        said = (done.stderr.strip() or "nothing was said").splitlines()[-1]
        raise RuntimeError(f"exit code {done.returncode}: {' '.join(command)}: {said}")
    return done.stderr


def vectors_of(args, shard):
    return os.path.join(args.work, "vectors", f"{shard:05d}.h5ad")


def embed(args, shard):
    target = vectors_of(args, shard)
    if not os.path.exists(target):
        encoder = ["--model", args.model] if args.model else ["--load-encoder", args.encoder]
        run([args.winnow, "embed", args.records, *encoder, "--shard", f"{shard}/{args.parts}", "-j", str(args.threads),
             "-q", "-o", target])
    return shard


def choose(args, shard):
    matrices = [vectors_of(args, i) for i in range(1, args.parts + 1)]
    run([args.winnow, "select", *matrices, "-k", args.k, "--no-records", *args.options, "--partitions",
         str(args.parts), "--shard", f"{shard}/{args.parts}", "-j", str(args.threads), "-q", "-o",
         os.path.join(args.work, "parts")])
    return shard


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("records")
    p.add_argument("out")
    p.add_argument("--work", required=True, help="folder for vectors and parts, shared by all machines")
    p.add_argument("--parts", type=int, required=True)
    p.add_argument("-k", required=True, help="rows to choose, or N%%")
    p.add_argument("--model", help="folder of an encoder")
    p.add_argument("--encoder", help="a saved encoder (winnow embed --save-encoder)")
    p.add_argument("--fit-rows", type=int, default=20000)
    p.add_argument("--threads", type=int, default=1, help="of a task")
    p.add_argument("--master", help="without spark-submit: local[*], local-cluster[2,1,1024], spark://...")
    p.add_argument("--winnow", default=os.environ.get("WINNOW", "winnow"))
    argv = sys.argv[1:]
    cut = argv.index("--") if "--" in argv else len(argv)
    args = p.parse_args(argv[:cut])
    args.options = argv[cut + 1:]
    args.records, args.work = os.path.abspath(args.records), os.path.abspath(args.work)
    return args


def main():
    from pyspark.sql import SparkSession  # what a task needs is above: it has no need of Spark

    args = arguments()
    os.makedirs(os.path.join(args.work, "vectors"), exist_ok=True)
    if not args.model and not args.encoder:
        args.encoder = os.path.join(args.work, "encoder.lsa")
        if not os.path.exists(args.encoder):
            run([args.winnow, "embed", args.records, "--limit", str(args.fit_rows), "--save-encoder", args.encoder,
                 "-q", "-f", "-o", os.path.join(args.work, "fitted.h5ad")])
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("winnow")
    spark = (builder.master(args.master) if args.master else builder).getOrCreate()
    try:
        shards = spark.sparkContext.parallelize(range(1, args.parts + 1), args.parts)
        for step in (embed, choose):
            done = shards.map(lambda shard, step=step: step(args, shard)).collect()
            if sorted(done) != list(range(1, args.parts + 1)):
                raise RuntimeError(f"{step.__name__}: {len(done)} of {args.parts} shards came back")
        sys.stderr.write(run([args.winnow, "merge", os.path.join(args.work, "parts"), "-o", args.out]))
    finally:
        spark.stop()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # one line, and not Java's trace
        text = str(error)
        at = text.find("RuntimeError: ")
        print("spark_job:", (text[at + 14:] if at >= 0 else text).splitlines()[0], file=sys.stderr)
        sys.exit(1)
