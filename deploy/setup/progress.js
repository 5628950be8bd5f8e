/** Progress output of set-up: a line when a part begins and ends, and every ten seconds between. */

const began = Date.now();
const seconds = (since) => Math.round((Date.now() - since) / 1000);

export function report(part, text) {
  process.stdout.write(`  ${String(seconds(began)).padStart(3)} s  ${part.padEnd(16)} ${text}\n`);
}

/** Reports the progress of `work`, which passes each line of output to the function that it is given. */
export async function withProgress(part, text, work) {
  const since = Date.now();
  let newest = '';
  report(part, text);
  const timer = setInterval(() => report(part, `still running${newest && `: ${newest.slice(0, 90)}`}`), 10_000);
  try {
    const result = await work((line) => {
      newest = line.trim() || newest;
    });
    report(part, `done after ${seconds(since)} s`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
