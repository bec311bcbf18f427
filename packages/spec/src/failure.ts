// What can go wrong inside a job, who is to blame, whether another attempt may help, and what to tell the user.

export type FailureClass = 'user' | 'data' | 'resource' | 'infrastructure' | 'internal'

/** How a failure is retried: never, once, or until the job's attempt budget is used up. */
export type RetryPolicy = 'never' | 'once' | 'budget'

interface FailureKind {
  readonly class: FailureClass
  readonly retry: RetryPolicy
  readonly hint: string
}

/** Every failure code a job can end with. Exhaustive: the worker and the sweeper may use no other. */
export const FAILURES = {
  'spec.rejected': {
    class: 'user',
    retry: 'never',
    hint: 'The worker could not build this job. Fix the path named in the message and submit again.',
  },
  'data.not_found': {
    class: 'data',
    retry: 'never',
    hint: 'Check that the path exists on the worker, or that data.from names an uploaded data set or a folder in S3 that the worker may read.',
  },
  'data.invalid': {
    class: 'data',
    retry: 'never',
    hint: 'The data file is truncated or not in the format that the job names. Restore it from its source.',
  },
  'teacher.unavailable': {
    class: 'user',
    retry: 'never',
    hint: 'The teacher artifact could not be read or does not fit. Check teacher.from and the job or upload it names.',
  },
  'training.diverged': {
    class: 'user',
    retry: 'never',
    hint: 'The loss became NaN or infinite. Lower train.optimizer.learningRate, add warm-up or set clipNorm.',
  },
  'training.stuck': {
    class: 'infrastructure',
    retry: 'once',
    hint: 'No training step finished within the watchdog time. The trainer was killed and the last checkpoint kept.',
  },
  'resource.out_of_memory': {
    class: 'resource',
    retry: 'once',
    hint: 'The trainer ran out of memory. Lower train.batchSize or ask for more in resources.memoryGb.',
  },
  'resource.no_gpu': {
    class: 'resource',
    retry: 'never',
    hint: 'The job asks for a GPU and the worker could not use one. Run `stillhouse doctor` on the worker.',
  },
  'resource.disk_full': {
    class: 'resource',
    retry: 'once',
    hint: 'The worker has no space left for the job. Free space in its scratch folder, or raise SCRATCH_GB or DATA_CACHE_GB.',
  },
  'job.timeout': {
    class: 'user',
    retry: 'never',
    hint: 'The job ran longer than resources.timeoutMinutes. Raise it, or retry to go on from the last checkpoint.',
  },
  'trainer.crashed': {
    class: 'infrastructure',
    retry: 'budget',
    hint: 'The trainer process ended by a signal or a native crash. It is retried from the last checkpoint.',
  },
  'worker.lost': {
    class: 'infrastructure',
    retry: 'budget',
    hint: 'The worker stopped reporting within its lease. The job is retried from the last checkpoint.',
  },
  'worker.upload_failed': {
    class: 'infrastructure',
    retry: 'budget',
    hint: 'A file could not be stored or fetched. Check the artifact store; the job is retried from the last checkpoint.',
  },
  'job.poison': {
    class: 'infrastructure',
    retry: 'never',
    hint: 'Several workers were lost while they ran this job, so it is not given to another. Look at its log and its memory, then retry it.',
  },
  'dependency.failed': {
    class: 'user',
    retry: 'never',
    hint: 'A job that this one waits for did not become what it asks for. Mend and retry that one, then retry this one.',
  },
  'trainer.error': {
    class: 'internal',
    retry: 'once',
    hint: 'An unexpected error in the trainer. The message and the job log tell where; please report it.',
  },
} as const satisfies Record<string, FailureKind>

export type FailureCode = keyof typeof FAILURES

export const FAILURE_CODES = Object.keys(FAILURES) as FailureCode[]

/** Why a trainer process ended, as its parent sees it. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: string | null
  /** Set when the parent itself killed it after a watchdog ran out. */
  readonly killedBy?: 'watchdog' | 'timeout' | 'memory' | 'disk'
}

/** Exit code with which a trainer says "out of memory" when it can still say anything. */
export const OUT_OF_MEMORY_EXIT_CODE = 137

/** Failure code for a trainer that ended without saying why. */
export function failureFromProcessEnd(end: ProcessEnd): FailureCode {
  if (end.killedBy === 'watchdog') return 'training.stuck'
  if (end.killedBy === 'timeout') return 'job.timeout'
  if (end.killedBy === 'disk') return 'resource.disk_full'
  if (end.killedBy === 'memory' || end.code === OUT_OF_MEMORY_EXIT_CODE) return 'resource.out_of_memory'
  return 'trainer.crashed'
}

/** True when the policy of `code` allows one more attempt after `failures` failed ones. */
export function mayRetry(code: FailureCode, failures: number, budget: number): boolean {
  const policy: RetryPolicy = FAILURES[code].retry
  if (policy === 'never') return false
  return failures < (policy === 'once' ? Math.min(2, budget) : budget)
}
