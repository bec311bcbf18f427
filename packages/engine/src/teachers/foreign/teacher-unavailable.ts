// The one way in which an uploaded teacher fails, said the same way everywhere.
import { TrainingError } from '../../contracts/training-error.ts'

export function teacherUnavailable(source: string, message: string, cause?: unknown): TrainingError {
  const text = cause === undefined ? message : `${message}: ${cause instanceof Error ? cause.message : String(cause)}`
  return new TrainingError('teacher.unavailable', `The model of ${source} ${text}`, { cause })
}
