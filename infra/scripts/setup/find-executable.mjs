// Looks programs up on the PATH without starting a shell.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/**
 * @param {string} name a program's name, or an absolute path
 * @param {Record<string, string | undefined>} env
 * @returns {string[]} every executable file of that name, in the order of the PATH
 */
export function findExecutables(name, env) {
  if (isAbsolute(name)) return isExecutableFile(name) ? [name] : []
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
  return [...new Set(folders)].map((folder) => join(folder, name)).filter(isExecutableFile)
}

/** @param {string} path */
function isExecutableFile(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
