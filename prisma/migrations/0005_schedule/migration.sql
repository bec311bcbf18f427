-- CreateEnum
CREATE TYPE "worker_mode" AS ENUM ('active', 'cordoned', 'draining');

-- AlterEnum
ALTER TYPE "job_state" ADD VALUE 'blocked' BEFORE 'queued';

-- DropIndex
DROP INDEX "job_queue_by_needs";

-- DropIndex
DROP INDEX "job_queue_order";

-- DropIndex
DROP INDEX "job_team_queue_order";

-- AlterTable
ALTER TABLE "job" ADD COLUMN     "losses" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "pace_key" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "preemptible" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "reserved_on" UUID,
ADD COLUMN     "retry_at" TIMESTAMPTZ(3),
ADD COLUMN     "stop_reason" TEXT,
ADD COLUMN     "traceparent" TEXT,
ADD COLUMN     "training_units" DOUBLE PRECISION NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "job_attempt" ADD COLUMN     "gpus" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "team" ADD COLUMN     "max_gpu_hours" DOUBLE PRECISION,
ADD COLUMN     "max_gpus" INTEGER,
ADD COLUMN     "usage" DOUBLE PRECISION NOT NULL DEFAULT 0,
ADD COLUMN     "usage_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "weight" DOUBLE PRECISION NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "worker" ADD COLUMN     "features" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "memory_gb" DOUBLE PRECISION,
ADD COLUMN     "mode" "worker_mode" NOT NULL DEFAULT 'active';

-- CreateTable
CREATE TABLE "team_month" (
    "team_id" UUID NOT NULL,
    "month" DATE NOT NULL,
    "slot_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "gpu_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,

    CONSTRAINT "team_month_pkey" PRIMARY KEY ("team_id","month")
);

-- CreateTable
CREATE TABLE "job_dependency" (
    "job_id" UUID NOT NULL,
    "depends_on" UUID NOT NULL,
    "condition" TEXT NOT NULL DEFAULT 'succeeded',
    "otherwise" TEXT NOT NULL DEFAULT 'fail',

    CONSTRAINT "job_dependency_pkey" PRIMARY KEY ("job_id","depends_on")
);

-- CreateTable
CREATE TABLE "job_pace" (
    "key" TEXT NOT NULL,
    "seconds" DOUBLE PRECISION NOT NULL,
    "samples" INTEGER NOT NULL DEFAULT 1,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "job_pace_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "mend" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "kind" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "detail" JSON NOT NULL,

    CONSTRAINT "mend_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "job_dependency_depends_on_idx" ON "job_dependency"("depends_on");

-- CreateIndex
CREATE INDEX "mend_kind_id_idx" ON "mend"("kind", "id");

-- CreateIndex
CREATE INDEX "job_queue_by_needs" ON "job"("state", "team_id", "needs", "priority" DESC, "queued_at", "id", "retry_at");

-- CreateIndex
CREATE INDEX "job_team_queue_order" ON "job"("team_id", "state", "priority" DESC, "queued_at", "id", "needs", "retry_at");

-- CreateIndex
CREATE INDEX "job_queue_by_age" ON "job"("state", "queued_at", "id");

-- CreateIndex
CREATE INDEX "job_attempt_worker_id_ended_at_idx" ON "job_attempt"("worker_id", "ended_at");

-- CreateIndex
CREATE INDEX "job_attempt_started_at_idx" ON "job_attempt"("started_at");

-- CreateIndex
CREATE INDEX "job_attempt_ended_at_idx" ON "job_attempt"("ended_at");

-- AddForeignKey
ALTER TABLE "team_month" ADD CONSTRAINT "team_month_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_dependency" ADD CONSTRAINT "job_dependency_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_dependency" ADD CONSTRAINT "job_dependency_depends_on_fkey" FOREIGN KEY ("depends_on") REFERENCES "job"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
