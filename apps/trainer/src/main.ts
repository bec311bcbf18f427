// The trainer's process: `--probe` prints what it runs on; otherwise a worker has forked it to run one job.

if (process.argv.includes('--probe')) {
  const { probe } = await import('./probe.ts')
  process.exitCode = probe()
} else if (process.send) {
  const { runTrainer } = await import('./run-trainer.ts')
  process.exit(await runTrainer())
} else {
  process.stderr.write('The trainer is started by a worker, with an IPC channel. To see what it runs on: --probe\n')
  process.exitCode = 1
}
