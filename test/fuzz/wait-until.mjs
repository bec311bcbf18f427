// Waiting for something that another process does: a condition, a limit, and a message that says what was waited for.

/**
 * @param {string} what
 * @param {() => Promise<boolean>} holds
 * @param {number} [seconds]
 */
export async function waitUntil(what, holds, seconds = 60) {
  const end = performance.now() + seconds * 1000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${seconds} s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
