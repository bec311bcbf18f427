-- CreateTable
CREATE TABLE "dataset" (
    "id" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "file_count" INTEGER NOT NULL,
    "files" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dataset_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "dataset_files_idx" ON "dataset" USING GIN ("files" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "dataset_created_at_id_idx" ON "dataset"("created_at", "id");
