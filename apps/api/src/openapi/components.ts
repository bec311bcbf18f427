// The named schemas of the OpenAPI document. What is named here becomes a $ref wherever it is used, and a type of that
// name in generated clients.
import * as spec from '@stillhouse/spec'
import type { TSchema } from 'typebox'
import { JobInput } from './job-input.ts'

export const COMPONENTS: Readonly<Record<string, TSchema>> = {
  Artifact: spec.Artifact,
  ArtifactList: spec.ArtifactList,
  ArtifactReport: spec.ArtifactReport,
  Catalog: spec.Catalog,
  CatalogEntry: spec.CatalogEntry,
  CheckpointReport: spec.CheckpointReport,
  Claim: spec.Claim,
  ClaimRequest: spec.ClaimRequest,
  Device: spec.Device,
  Fault: spec.Fault,
  Job: spec.Job,
  JobFailure: spec.JobFailure,
  JobInput,
  JobPage: spec.JobPage,
  JobProgress: spec.JobProgress,
  JobResult: spec.JobResult,
  JobSpec: spec.JobSpec,
  LogLine: spec.LogLine,
  LogPage: spec.LogPage,
  MetricPage: spec.MetricPage,
  MetricPoint: spec.MetricPoint,
  ModelFiles: spec.ModelFiles,
  Outcome: spec.Outcome,
  Problem: spec.Problem,
  RegisterWorker: spec.RegisterWorker,
  RegisteredWorker: spec.RegisteredWorker,
  Report: spec.Report,
  StoredFile: spec.StoredFile,
  TrainedTeacher: spec.TrainedTeacher,
  UploadedModel: spec.UploadedModel,
  Validation: spec.Validation,
  Worker: spec.Worker,
  WorkerHeartbeat: spec.WorkerHeartbeat,
  WorkerList: spec.WorkerList,
  WorkerOrders: spec.WorkerOrders,
}
