// What names one attempt at a job.

export interface AttemptKey {
  readonly jobId: string
  readonly attempt: number
}
