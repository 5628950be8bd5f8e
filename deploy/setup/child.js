import { spawn } from 'node:child_process';

/** Runs a command to its end, line by line; rejects with the end of what it said. */
export function follow(words, { onLine = () => {}, ...options } = {}) {
  const [command, ...args] = words;
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const tail = [];
  const take = (chunk) => {
    for (const line of String(chunk)
      .split(/[\r\n]+/)
      .filter(Boolean)) {
      tail.push(line);
      if (tail.length > 15) tail.shift();
      onLine(line);
    }
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(tail);
      else reject(new Error(`${words.join(' ')} ended with ${code}\n${tail.join('\n')}`));
    });
  });
}
