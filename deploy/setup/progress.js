/** What set-up says while it works: a line when a part begins and ends, and one every ten seconds between. */

const began = Date.now();
const seconds = (since) => Math.round((Date.now() - since) / 1000);

export function say(part, words) {
  process.stdout.write(`  ${String(seconds(began)).padStart(3)} s  ${part.padEnd(16)} ${words}\n`);
}

/** Tells how `work` goes; it is given a function that takes the newest line of what it runs. */
export async function told(part, words, work) {
  const since = Date.now();
  let newest = '';
  say(part, words);
  const beat = setInterval(() => say(part, `still at it${newest && `: ${newest.slice(0, 90)}`}`), 10_000);
  try {
    const result = await work((line) => {
      newest = line.trim() || newest;
    });
    say(part, `ready after ${seconds(since)} s`);
    return result;
  } finally {
    clearInterval(beat);
  }
}
