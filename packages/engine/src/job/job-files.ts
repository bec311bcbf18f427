// Folders of files as a job hands them out: made empty, measured, hashed.
import { hash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { diskErrors } from '../checkpoint/disk-errors.ts'

export interface WrittenFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly sha256: string
}

/** Fills `dir`, empty at first, with what `write` writes. @throws TrainingError `resource.disk_full` */
export async function freshFolder(dir: string, write: (dir: string) => Promise<void>): Promise<void> {
  await diskErrors(dir, async () => {
    await rm(dir, { recursive: true, force: true })
    await mkdir(dir, { recursive: true })
    await write(dir)
  })
}

/** All files below `dir`, by path. */
export async function listFiles(dir: string): Promise<WrittenFile[]> {
  const entries = await readdir(dir, { recursive: true })
  const files: WrittenFile[] = []
  for (const path of entries.sort()) {
    const full = join(dir, path)
    if (!(await stat(full)).isFile()) continue
    const bytes = await readFile(full)
    files.push({
      path: path.replaceAll('\\', '/'),
      size: bytes.length,
      sha256: hash('sha256', bytes),
    })
  }
  return files
}

/** Bytes of all files. */
export function totalSize(files: readonly WrittenFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0)
}
