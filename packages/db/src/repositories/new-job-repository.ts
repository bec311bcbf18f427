// The quick way in for a job that waits for nobody and whose team may send what it likes: the job, its first event, the
// record of who sent it and the call to the dispatcher in one statement, which is its own transaction.
import type { JobEventBody } from '@stillhouse/spec'
import { CHANNELS } from '../channels.ts'
import type { Connection } from '../connection.ts'
import { storableJson } from '../storable.ts'
import type { NewAuditEntry } from './audit-repository.ts'
import type { NewJob } from './job-repository.ts'

export interface WholeJob {
  readonly job: NewJob
  /** Its first event. */
  readonly event: JobEventBody
  readonly entry: NewAuditEntry
}

export function createNewJobRepository(db: Connection) {
  return {
    /**
     * When it was written, and the name of its team; null, and nothing is written, when the id or the key is taken or the
     * team is bounded in what it sends.
     */
    async insertWhole({ job, event, entry }: WholeJob): Promise<{ createdAt: Date; team: string } | null> {
      const { name, priority, preemptible = false, labels } = job.spec
      const rows = await db.$queryRaw<{ createdAt: Date; team: string }[]>`
        WITH added AS (
          INSERT INTO job (id, team_id, name, spec, spec_hash, body_hash, idempotency_key, priority, preemptible, needs,
            training_units, pace_key, traceparent, state, labels, event_seq)
          SELECT ${job.id}::uuid, ${job.teamId}::uuid, ${name}, ${JSON.stringify(job.spec)}::json, ${job.specHash},
            ${job.bodyHash}, ${job.idempotencyKey}, ${priority}::int, ${preemptible}::boolean, ${job.needs},
            ${job.trainingUnits}::float8, ${job.paceKey}, ${job.traceparent}, ${job.state}::job_state,
            ${JSON.stringify(labels)}::jsonb, 1
          WHERE NOT EXISTS (SELECT 1 FROM team WHERE team.id = ${job.teamId}::uuid
            AND (max_queued IS NOT NULL OR max_artifact_bytes IS NOT NULL))
          ON CONFLICT DO NOTHING RETURNING id, created_at
        ), told AS (
          INSERT INTO job_event (job_id, seq, type, data)
          SELECT id, 1, ${event.type}, ${storableJson(event.data)}::json FROM added
        ), recorded AS (
          INSERT INTO audit_entry (key_id, key_name, team_id, action, target_kind, target_id, request_id, detail)
          SELECT ${entry.keyId}::uuid, ${entry.keyName}, ${entry.teamId}::uuid, ${entry.action}, ${entry.target.kind},
            ${entry.target.id}, ${entry.requestId}, ${storableJson(entry.detail)}::json FROM added
        )
        SELECT created_at AS "createdAt", pg_notify(${CHANNELS.work}, '')::text,
          (SELECT team.name FROM team WHERE team.id = ${job.teamId}::uuid) AS team FROM added`
      return rows[0] ?? null
    },
  }
}
