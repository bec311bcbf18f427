// The problem that no Python of one of the versions is there that wheels are published for.
import { commandsFor, distributionFamily } from './distribution.mjs'
import { SetupError } from './setup-error.mjs'

const COMMANDS = {
  debian: 'sudo apt-get install -y python3 python3-pip',
  fedora: 'sudo dnf install -y python3.12 python3.12-pip',
  arch: 'sudo pacman -S python python-pip',
  suse: 'sudo zypper install python312 python312-pip',
}

/** @param {readonly string[]} versions in order @param {string} why it is needed */
export function pythonMissing(versions, why) {
  return new SetupError(`no Python ${versions[0]} to ${versions.at(-1)} with pip for the tests`, {
    why,
    fix: [
      ...commandsFor(COMMANDS, distributionFamily()),
      'or name one: export PYTHON=/path/of/python3',
      'then run the same command again',
    ],
  })
}
