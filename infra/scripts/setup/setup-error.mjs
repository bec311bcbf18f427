// The error of set-up: something the user can put right. It carries what is wrong, why it matters and what to type;
// it is printed as those lines and never with a stack trace. Anything else that is thrown is a bug in set-up.

export class SetupError extends Error {
  /**
   * @param {string} what one line: what is wrong
   * @param {{why?: string, fix?: string[], detail?: string[]}} more `detail` is output of the tool that failed
   */
  constructor(what, { why = '', fix = [], detail = [] } = {}) {
    super(what)
    this.name = 'SetupError'
    this.why = why
    this.fix = fix
    this.detail = detail
  }
}

/**
 * @param {SetupError} error
 * @returns {string} lines for the terminal, ending with a newline
 */
export function formatSetupError(error) {
  const lines = [`✗ ${error.message}`]
  for (const line of error.detail) lines.push(`  │ ${line}`)
  if (error.why) lines.push(`  why  ${error.why}`)
  for (const line of error.fix) lines.push(`  do   ${line}`)
  return `${lines.join('\n')}\n`
}
