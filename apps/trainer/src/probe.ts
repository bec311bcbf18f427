// `--probe`: loads TensorFlow and prints what a job would run on, for `stillhouse doctor` and for whoever asks why.
import { loadBackend } from './backend.ts'
import { describeBackend } from './describe-backend.ts'

/** Prints TrainerVersions as one line of JSON, or the reason why there are none on standard error. @returns exit code */
export function probe(): number {
  try {
    process.stdout.write(`${JSON.stringify(describeBackend(loadBackend()))}\n`)
    return 0
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}
