// Which Linux distribution this is, so that the advice to install something names the command that works here.
import { readFileSync } from 'node:fs'

/** @typedef {'debian' | 'fedora' | 'alpine' | 'arch' | 'suse' | 'macos'} Family */

const NAMES = {
  debian: 'Debian, Ubuntu',
  fedora: 'Fedora, RHEL',
  alpine: 'Alpine',
  arch: 'Arch',
  suse: 'openSUSE',
  macos: 'macOS',
}

/**
 * @param {string} [osRelease] contents of /etc/os-release
 * @param {string} [platform]
 * @returns {Family | undefined}
 */
export function distributionFamily(osRelease = readOsRelease(), platform = process.platform) {
  if (platform === 'darwin') return 'macos'
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => (match[1] ?? '').split(' '))
  /** @type {Record<string, Family>} */
  const known = {
    debian: 'debian',
    ubuntu: 'debian',
    fedora: 'fedora',
    rhel: 'fedora',
    centos: 'fedora',
    alpine: 'alpine',
    arch: 'arch',
    suse: 'suse',
    opensuse: 'suse',
  }
  for (const id of ids) if (known[id]) return known[id]
  return undefined
}

/**
 * @param {Partial<Record<Family, string>>} commands what to type, by family
 * @param {Family | undefined} family
 * @returns {string[]} the one line for this machine, or all of them with their names when it is not known
 */
export function commandsFor(commands, family) {
  const own = family && commands[family]
  if (own) return [own]
  return /** @type {[Family, string][]} */ (Object.entries(commands)).map(
    ([name, command]) => `${NAMES[name]}: ${command}`,
  )
}

function readOsRelease() {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch {
    return ''
  }
}
