// All tables of one connection or transaction, one repository per aggregate.
import type { Connection } from './connection.ts'
import { createApiKeyRepository } from './repositories/api-key-repository.ts'
import { createArtifactRepository } from './repositories/artifact-repository.ts'
import { createAttemptRepository } from './repositories/attempt-repository.ts'
import { createAuditRepository } from './repositories/audit-repository.ts'
import { createCensusRepository } from './repositories/census-repository.ts'
import { createCheckpointRepository } from './repositories/checkpoint-repository.ts'
import { createDatasetRepository } from './repositories/dataset-repository.ts'
import { createDependencyRepository } from './repositories/dependency-repository.ts'
import { createEventRepository } from './repositories/event-repository.ts'
import { createJobRepository } from './repositories/job-repository.ts'
import { createJobSelectionRepository } from './repositories/job-selection-repository.ts'
import { createLineRepository } from './repositories/line-repository.ts'
import { createLogRepository } from './repositories/log-repository.ts'
import { createMendRepository } from './repositories/mend-repository.ts'
import { createMetricRepository } from './repositories/metric-repository.ts'
import { createNewJobRepository } from './repositories/new-job-repository.ts'
import { createOutboxRepository } from './repositories/outbox-repository.ts'
import { createPaceRepository } from './repositories/pace-repository.ts'
import { createReportBatchRepository } from './repositories/report-batch-repository.ts'
import { createRestoreRepository } from './repositories/restore-repository.ts'
import { createSignals } from './repositories/signals.ts'
import { createStaleBlobRepository } from './repositories/stale-blob-repository.ts'
import { createStatsRepository } from './repositories/stats-repository.ts'
import { createTeacherRepository } from './repositories/teacher-repository.ts'
import { createTeamRepository } from './repositories/team-repository.ts'
import { createUploadedModelRepository } from './repositories/uploaded-model-repository.ts'
import { createWebhookDeliveryRepository } from './repositories/webhook-delivery-repository.ts'
import { createWebhookRepository } from './repositories/webhook-repository.ts'
import { createWorkerRepository } from './repositories/worker-repository.ts'

export type Tables = ReturnType<typeof createTables>

export function createTables(connection: Connection) {
  return {
    apiKeys: createApiKeyRepository(connection),
    artifacts: createArtifactRepository(connection),
    attempts: createAttemptRepository(connection),
    audit: createAuditRepository(connection),
    batches: createReportBatchRepository(connection),
    census: createCensusRepository(connection),
    checkpoints: createCheckpointRepository(connection),
    datasets: createDatasetRepository(connection),
    deliveries: createWebhookDeliveryRepository(connection),
    dependencies: createDependencyRepository(connection),
    events: createEventRepository(connection),
    jobs: createJobRepository(connection),
    line: createLineRepository(connection),
    logs: createLogRepository(connection),
    mends: createMendRepository(connection),
    metrics: createMetricRepository(connection),
    models: createUploadedModelRepository(connection),
    newJobs: createNewJobRepository(connection),
    outbox: createOutboxRepository(connection),
    paces: createPaceRepository(connection),
    restore: createRestoreRepository(connection),
    selection: createJobSelectionRepository(connection),
    signals: createSignals(connection),
    staleBlobs: createStaleBlobRepository(connection),
    stats: createStatsRepository(connection),
    teachers: createTeacherRepository(connection),
    teams: createTeamRepository(connection),
    webhooks: createWebhookRepository(connection),
    workers: createWorkerRepository(connection),
  }
}
