// Models sent by users. The id is the hash of the content, so saving one again changes nothing.
import type { StoredFile, UploadedModel } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import type { UploadedModel as Stored } from '../generated/client.ts'

export function createUploadedModelRepository(db: Connection) {
  return {
    async save(model: Omit<UploadedModel, 'createdAt'>, files: readonly StoredFile[]): Promise<void> {
      const { id, format, inputShape, outputShape, params, size } = model
      await db.$executeRaw`
        INSERT INTO uploaded_model (id, format, input_shape, output_shape, params, size, files)
        VALUES (${id}, ${format}, ${inputShape}::int[], ${outputShape}::int[], ${params}::bigint, ${size}::bigint,
          ${JSON.stringify(files)}::jsonb)
        ON CONFLICT DO NOTHING`
    },

    async find(id: string): Promise<{ model: UploadedModel; files: StoredFile[] } | null> {
      const row = await db.uploadedModel.findUnique({ where: { id } })
      return row && { model: modelOf(row), files: row.files as unknown as StoredFile[] }
    },
  }
}

function modelOf(row: Stored): UploadedModel {
  return {
    id: row.id,
    format: row.format as UploadedModel['format'],
    inputShape: row.inputShape,
    outputShape: row.outputShape,
    params: Number(row.params),
    size: Number(row.size),
    createdAt: row.createdAt.toISOString(),
  }
}
