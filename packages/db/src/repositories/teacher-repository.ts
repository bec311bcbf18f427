// Trained teachers, kept for the next job that names the same one.
import type { StoredFile, TrainedTeacher } from '@stillhouse/spec'
import type { Connection } from '../connection.ts'

export function createTeacherRepository(db: Connection) {
  return {
    async save({ key, files, metrics }: TrainedTeacher): Promise<void> {
      await db.$executeRaw`INSERT INTO trained_teacher (key, files, metrics)
        VALUES (${key}, ${JSON.stringify(files)}::jsonb, ${JSON.stringify(metrics)}::json)
        ON CONFLICT (key) DO UPDATE SET files = excluded.files, metrics = excluded.metrics`
    },

    async find(key: string): Promise<TrainedTeacher | null> {
      const row = await db.trainedTeacher.findUnique({ where: { key } })
      if (!row) return null
      return { key, files: row.files as unknown as StoredFile[], metrics: row.metrics as Record<string, number> }
    },
  }
}
