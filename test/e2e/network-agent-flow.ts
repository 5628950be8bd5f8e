/** A TCP connection that stays open, from the host or from a namespace. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** Sends a unique line and returns whether its echo arrives within half a second. */
const script = `
exec 3<>/dev/tcp/$0/$1 || exit 1
echo open
while read word; do
  echo $word >&3
  answer=dead
  while read -t 0.5 back <&3; do [ "$back" = "$word" ] && answer=alive && break; done
  echo $answer
done`;

export interface Flow {
  /** Resolves when a line is echoed, with a long timeout. */
  isAlive(): Promise<boolean>;
  /** Resolves when a line is no longer echoed; throws when it still is after five seconds. */
  ends(): Promise<void>;
}

/** Connects to an echo server. `namespace` is the client's namespace; undefined is the host. */
export async function openFlow(
  t: TestContext,
  namespace: string | undefined,
  address: string,
  port: number,
): Promise<Flow> {
  const inside = namespace ? ['ip', 'netns', 'exec', namespace] : [];
  const [program = '', ...args] = [...inside, 'bash', '--norc', '-c', script, address, String(port)];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(() => ['ended']);
  const line = async () => String((await Promise.race([once(lines, 'line'), ended]))[0]);
  if ((await line()) !== 'open') throw new Error(`no connection to ${address}:${port}`);
  let words = 0;
  const echoes = async () => {
    words += 1;
    child.stdin.write(`word-${words}\n`);
    return (await line()) === 'alive';
  };
  const isAlive = async () => {
    for (const end = Date.now() + 10_000; Date.now() < end; await sleep(50)) if (await echoes()) return true;
    return false;
  };
  const ends = async () => {
    for (const end = Date.now() + 5_000; Date.now() < end; await sleep(50))
      if (!(await echoes()) && !(await echoes())) return;
    throw new Error(`the connection to ${address}:${port} lives on`);
  };
  return { isAlive, ends };
}
