-- DropIndex
DROP INDEX "api_key_name_key";

-- DropIndex
DROP INDEX "job_idempotency_key_key";

-- DropIndex
DROP INDEX "job_queue_order";

-- AlterTable
ALTER TABLE "api_key" ADD COLUMN     "expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "previous_hash" TEXT,
ADD COLUMN     "previous_until" TIMESTAMPTZ(3),
ADD COLUMN     "set_by" TEXT,
ADD COLUMN     "team_id" UUID;

-- CreateTable
CREATE TABLE "team" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "max_running" INTEGER,
    "max_queued" INTEGER,
    "max_artifact_bytes" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "team_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "team_model" (
    "team_id" UUID NOT NULL,
    "model_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "team_model_pkey" PRIMARY KEY ("team_id","model_id")
);

-- CreateTable
CREATE TABLE "team_dataset" (
    "team_id" UUID NOT NULL,
    "dataset_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "team_dataset_pkey" PRIMARY KEY ("team_id","dataset_id")
);

-- CreateTable
CREATE TABLE "audit_entry" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "key_id" UUID NOT NULL,
    "key_name" TEXT NOT NULL,
    "team_id" UUID,
    "action" TEXT NOT NULL,
    "target_kind" TEXT NOT NULL,
    "target_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "detail" JSON NOT NULL,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- What was there before teams belongs to the team default. A new column's default is not written into old rows one by
-- one, and is taken away again so that no job can be written without saying whose it is.
INSERT INTO "team" ("id", "name") VALUES ('00000000-0000-7000-8000-000000000001', 'default');

-- AlterTable
ALTER TABLE "job" ADD COLUMN     "team_id" UUID NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE "job" ALTER COLUMN "team_id" DROP DEFAULT;

INSERT INTO "team_dataset" ("team_id", "dataset_id", "created_at")
SELECT '00000000-0000-7000-8000-000000000001', "id", "created_at" FROM "dataset";

INSERT INTO "team_model" ("team_id", "model_id", "created_at")
SELECT '00000000-0000-7000-8000-000000000001', "id", "created_at" FROM "uploaded_model";

-- All keys so far were set by the service's environment, and are the cluster's own.
UPDATE "api_key" SET "set_by" = "name";

-- CreateIndex
CREATE UNIQUE INDEX "team_name_key" ON "team"("name");

-- CreateIndex
CREATE INDEX "team_dataset_team_id_created_at_dataset_id_idx" ON "team_dataset"("team_id", "created_at", "dataset_id");

-- CreateIndex
CREATE INDEX "audit_entry_team_id_id_idx" ON "audit_entry"("team_id", "id");

-- CreateIndex
CREATE INDEX "audit_entry_target_id_id_idx" ON "audit_entry"("target_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_set_by_key" ON "api_key"("set_by");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_previous_hash_key" ON "api_key"("previous_hash");

-- CreateIndex
CREATE INDEX "api_key_team_id_id_idx" ON "api_key"("team_id", "id");

-- CreateIndex
CREATE INDEX "job_queue_order" ON "job"("state", "priority" DESC, "queued_at", "id", "team_id");

-- CreateIndex
CREATE INDEX "job_team_queue_order" ON "job"("team_id", "state", "priority" DESC, "queued_at", "id");

-- CreateIndex
CREATE INDEX "job_team_id_id_idx" ON "job"("team_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "job_team_id_idempotency_key_key" ON "job"("team_id", "idempotency_key");

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "team_model" ADD CONSTRAINT "team_model_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "team_model" ADD CONSTRAINT "team_model_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "uploaded_model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "team_dataset" ADD CONSTRAINT "team_dataset_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "team_dataset" ADD CONSTRAINT "team_dataset_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_team_id_fkey" FOREIGN KEY ("team_id") REFERENCES "team"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
