// All tables of one connection or transaction, one repository per aggregate.
import type { Connection } from './connection.ts'
import { createApiKeyRepository } from './repositories/api-key-repository.ts'
import { createArtifactRepository } from './repositories/artifact-repository.ts'
import { createAttemptRepository } from './repositories/attempt-repository.ts'
import { createAuditRepository } from './repositories/audit-repository.ts'
import { createCheckpointRepository } from './repositories/checkpoint-repository.ts'
import { createDatasetRepository } from './repositories/dataset-repository.ts'
import { createDependencyRepository } from './repositories/dependency-repository.ts'
import { createEventRepository } from './repositories/event-repository.ts'
import { createJobRepository } from './repositories/job-repository.ts'
import { createJobSelectionRepository } from './repositories/job-selection-repository.ts'
import { createLogRepository } from './repositories/log-repository.ts'
import { createMetricRepository } from './repositories/metric-repository.ts'
import { createOutboxRepository } from './repositories/outbox-repository.ts'
import { createQueuePlaceRepository } from './repositories/queue-place-repository.ts'
import { createReportBatchRepository } from './repositories/report-batch-repository.ts'
import { createSignals } from './repositories/signals.ts'
import { createStaleBlobRepository } from './repositories/stale-blob-repository.ts'
import { createTeacherRepository } from './repositories/teacher-repository.ts'
import { createTeamRepository } from './repositories/team-repository.ts'
import { createUploadedModelRepository } from './repositories/uploaded-model-repository.ts'
import { createWorkerRepository } from './repositories/worker-repository.ts'

export type Tables = ReturnType<typeof createTables>

export function createTables(connection: Connection) {
  return {
    apiKeys: createApiKeyRepository(connection),
    artifacts: createArtifactRepository(connection),
    attempts: createAttemptRepository(connection),
    audit: createAuditRepository(connection),
    batches: createReportBatchRepository(connection),
    checkpoints: createCheckpointRepository(connection),
    datasets: createDatasetRepository(connection),
    dependencies: createDependencyRepository(connection),
    events: createEventRepository(connection),
    jobs: createJobRepository(connection),
    logs: createLogRepository(connection),
    metrics: createMetricRepository(connection),
    models: createUploadedModelRepository(connection),
    outbox: createOutboxRepository(connection),
    places: createQueuePlaceRepository(connection),
    selection: createJobSelectionRepository(connection),
    signals: createSignals(connection),
    staleBlobs: createStaleBlobRepository(connection),
    teachers: createTeacherRepository(connection),
    teams: createTeamRepository(connection),
    workers: createWorkerRepository(connection),
  }
}
