// The use cases of whoever holds a key, each handed the caller, so that none can forget whose call it is.
import { getArtifact, getJobModel, listArtifacts } from './artifacts.ts'
import { inTeam } from './caller.ts'
import { cancel } from './cancel.ts'
import { changeJob } from './change-job.ts'
import { changeJobs } from './change-jobs.ts'
import { changeWorker } from './change-worker.ts'
import { getDataset, hasDataset, listDatasets, saveDataset } from './datasets.ts'
import { dependencyFaults } from './dependencies.ts'
import { getJob } from './get-job.ts'
import type { JobContext } from './job-context.ts'
import type { Caller, CallerService, TeamCaller, TeamService } from './job-service.ts'
import { listAudit } from './list-audit.ts'
import { listJobs } from './list-jobs.ts'
import { listMends } from './list-mends.ts'
import { listEvents, listLogs, listMetrics } from './list-progress.ts'
import { listWorkers } from './list-workers.ts'
import { createKey, listKeys, revokeKey, rotateKey } from './manage-keys.ts'
import { getModel, getModelFiles, saveModel } from './models.ts'
import { reconcile } from './reconcile.ts'
import { retry } from './retry.ts'
import { showQueue } from './show-queue.ts'
import { submit } from './submit.ts'
import { submitGraph } from './submit-graph.ts'
import { createTeam, getTeam, listTeams, updateTeam } from './teams.ts'
import { listDeliveries, replayDelivery } from './webhooks/deliveries.ts'
import { createWebhook, deleteWebhook, listWebhooks } from './webhooks/manage-webhooks.ts'

export function callerService(context: JobContext, caller: Caller): CallerService {
  return {
    inTeam: async (team) => teamService(context, await context.db.read((tables) => inTeam(tables, caller, team))),
    getJob: (id) => getJob(context, caller, id),
    listJobs: (filter) => listJobs(context, caller, filter),
    showQueue: (question) => showQueue(context, caller, question),
    cancelJob: (id) => cancel(context, caller, id),
    retryJob: (id) => retry(context, caller, id),
    changeJob: (change) => changeJob(context, caller, change),
    listMetrics: (id, page) => listMetrics(context, caller, id, page),
    listLogs: (id, page) => listLogs(context, caller, id, page),
    listEvents: (id, page) => listEvents(context, caller, id, page),
    listArtifacts: (id) => listArtifacts(context, caller, id),
    getArtifact: (id, path) => getArtifact(context, caller, id, path),
    getJobModel: (id) => getJobModel(context, caller, id),
    getModel: (id) => getModel(context, caller, id),
    getModelFiles: (id) => getModelFiles(context, caller, id),
    getDataset: (id) => getDataset(context, caller, id),
    hasDataset: (id) => hasDataset(context, caller, id),
    listDatasets: (page) => listDatasets(context, caller, page),
    listWorkers: () => listWorkers(context, caller),
    changeWorker: (change) => changeWorker(context, caller, change),
    createTeam: (team) => createTeam(context, caller, team),
    listTeams: () => listTeams(context, caller),
    getTeam: (name) => getTeam(context, caller, name),
    updateTeam: (change) => updateTeam(context, caller, change),
    createKey: (key) => createKey(context, caller, key),
    listKeys: (page) => listKeys(context, caller, page),
    rotateKey: (rotation) => rotateKey(context, caller, rotation),
    revokeKey: (id) => revokeKey(context, caller, id),
    listWebhooks: (page) => listWebhooks(context, caller, page),
    deleteWebhook: (id) => deleteWebhook(context, caller, id),
    listDeliveries: (page) => listDeliveries(context, caller, page),
    replayDelivery: (which) => replayDelivery(context, caller, which),
    listAudit: (filter) => listAudit(context, caller, filter),
    listMends: (filter) => listMends(context, caller, filter),
    reconcile: (request) => reconcile(context, caller, request),
  }
}

function teamService(context: JobContext, caller: TeamCaller): TeamService {
  return {
    ...callerService(context, caller),
    dependencyFaults: (spec) => context.db.read((tables) => dependencyFaults(tables, caller.teamId, spec)),
    submit: (submission) => submit(context, caller, submission),
    submitGraph: (submission) => submitGraph(context, caller, submission),
    changeJobs: (change) => changeJobs(context, caller, change),
    saveModel: (model, files) => saveModel(context, caller, model, files),
    saveDataset: (files) => saveDataset(context, caller, files),
    createWebhook: (webhook) => createWebhook(context, caller, webhook),
  }
}
