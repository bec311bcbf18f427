// All routes. Listed rather than searched for, so that types, dead-code check and import rules see them; a test compares
// this list with the folder.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ApiContext } from '../context.ts'
import { healthRoutes } from './health.ts'
import { artifactRoutes } from './v1/artifacts.ts'
import { attemptRoutes } from './v1/attempts.ts'
import { auditRoutes } from './v1/audit.ts'
import { blobRoutes } from './v1/blobs.ts'
import { catalogRoutes } from './v1/catalog.ts'
import { changeJobsRoutes } from './v1/change-jobs.ts'
import { datasetRoutes } from './v1/datasets.ts'
import { jobEventRoutes } from './v1/job-events.ts'
import { jobFeedRoutes } from './v1/job-feeds.ts'
import { jobGraphRoutes } from './v1/job-graphs.ts'
import { jobRoutes } from './v1/jobs.ts'
import { keyRoutes } from './v1/keys.ts'
import { meRoutes } from './v1/me.ts'
import { mendRoutes } from './v1/mends.ts'
import { modelRoutes } from './v1/models.ts'
import { queueRoutes } from './v1/queue.ts'
import { submitJobRoutes } from './v1/submit-job.ts'
import { teamRoutes } from './v1/teams.ts'
import { uploadDatasetRoutes } from './v1/upload-dataset.ts'
import { uploadModelRoutes } from './v1/upload-model.ts'
import { webhookRoutes } from './v1/webhooks.ts'
import { workerRoutes } from './v1/workers.ts'

export const ROUTES: readonly FastifyPluginAsyncTypebox<ApiContext>[] = [
  healthRoutes,
  submitJobRoutes,
  jobGraphRoutes,
  changeJobsRoutes,
  jobRoutes,
  queueRoutes,
  jobFeedRoutes,
  jobEventRoutes,
  artifactRoutes,
  uploadModelRoutes,
  modelRoutes,
  uploadDatasetRoutes,
  datasetRoutes,
  meRoutes,
  teamRoutes,
  keyRoutes,
  webhookRoutes,
  auditRoutes,
  mendRoutes,
  workerRoutes,
  attemptRoutes,
  blobRoutes,
  catalogRoutes,
]
