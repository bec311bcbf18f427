-- AlterTable
ALTER TABLE "job" ADD COLUMN     "needs" TEXT NOT NULL DEFAULT '';

-- Jobs handed to the queue that all workers shared wait again: each worker has a queue of its own now
UPDATE "job" SET "state" = 'queued', "handed_over_at" = NULL WHERE "state" = 'dispatched';
UPDATE "job_attempt" SET "ended_at" = CURRENT_TIMESTAMP, "ending" = 'unclaimed', "next_state" = 'queued'
    FROM "job" WHERE "job"."id" = "job_attempt"."job_id" AND "job"."state" = 'queued' AND "job_attempt"."ended_at" IS NULL;
DELETE FROM "outbox";

-- What jobs that wait ask for was only in their specs, which are text to the database
UPDATE "job" SET "needs" = '{"gpus":1}' WHERE "spec"::text ~ '"resources":[{][^}]*"gpus":1';

-- AlterTable
ALTER TABLE "outbox" ADD COLUMN     "worker_id" UUID NOT NULL;

-- AlterTable
ALTER TABLE "worker" ADD COLUMN     "labels" JSON NOT NULL DEFAULT '{}';

-- CreateIndex
CREATE INDEX "job_queue_by_needs" ON "job"("state", "needs", "priority" DESC, "queued_at", "id", "team_id");
