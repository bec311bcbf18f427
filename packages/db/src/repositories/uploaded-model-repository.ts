// Models sent by users. The id is the hash of the content, so saving one again changes nothing; which teams may see it
// stands beside it.
import type { StoredFile, UploadedModel } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'
import type { UploadedModel as Stored } from '../generated/client.ts'
import type { TeamFence } from './team-repository.ts'

type NewModel = Omit<UploadedModel, 'createdAt'>

export function createUploadedModelRepository(db: Connection) {
  return {
    /** Answers whether it is new to the team. */
    async save(teamId: string, model: NewModel, files: readonly StoredFile[]): Promise<boolean> {
      const { id, format, inputShape, outputShape, params, size } = model
      await db.$executeRaw`
        INSERT INTO uploaded_model (id, format, input_shape, output_shape, params, size, files)
        VALUES (${id}, ${format}, ${inputShape}::int[], ${outputShape}::int[], ${params}::bigint, ${size}::bigint,
          ${JSON.stringify(files)}::jsonb)
        ON CONFLICT DO NOTHING`
      const count = await db.$executeRaw`INSERT INTO team_model (team_id, model_id) VALUES (${teamId}::uuid, ${id})
        ON CONFLICT DO NOTHING`
      return count === 1
    },

    /** For a team, since it has it. */
    async find(id: string, fence: TeamFence): Promise<{ model: UploadedModel; files: StoredFile[] } | null> {
      const where = fence === null ? null : { teamId_modelId: { teamId: fence, modelId: id } }
      const link = where && (await db.teamModel.findUnique({ where }))
      if (where && !link) return null
      const row = await db.uploadedModel.findUnique({ where: { id } })
      if (!row) return null
      const createdAt = link?.createdAt ?? row.createdAt
      return { model: modelOf({ ...row, createdAt }), files: row.files as unknown as StoredFile[] }
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
