// What the parts of one attempt share.
import type { Logger } from '@stillhouse/kit'
import type { Claim } from '@stillhouse/spec'
import type { AttemptApi } from './attempt-api.ts'
import type { AttemptControl } from './attempt-control.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { ReportBatcher } from './report-batcher.ts'
import type { Scratch } from './scratch.ts'
import type { Settings } from './settings.ts'
import type { AttemptTrace } from './telemetry-attempt.ts'
import type { TrainerProcess } from './trainer-process.ts'

export interface AttemptRun {
  readonly claim: Claim
  readonly control: AttemptControl
  readonly api: AttemptApi
  readonly batcher: ReportBatcher
  readonly scratch: Scratch
  readonly trainer: TrainerProcess
  /** Folders of the data sets that were brought here, by their names in the job. */
  readonly dataFolders: Readonly<Record<string, string>>
  readonly settings: Settings
  readonly metrics: WorkerMetrics
  readonly trace: AttemptTrace
  readonly logger: Logger
}
