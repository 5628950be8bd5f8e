import { spawn } from 'node:child_process';

/** Runs a command and passes on each line of output; rejects with the last lines when it fails. */
export function runWithLines(argv, { onLine = () => {}, ...options } = {}) {
  const [command, ...args] = argv;
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const tail = [];
  const addLines = (chunk) => {
    for (const line of String(chunk)
      .split(/[\r\n]+/)
      .filter(Boolean)) {
      tail.push(line);
      if (tail.length > 15) tail.shift();
      onLine(line);
    }
  };
  child.stdout.on('data', addLines);
  child.stderr.on('data', addLines);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(tail);
      else reject(new Error(`${argv.join(' ')} ended with ${code}\n${tail.join('\n')}`));
    });
  });
}
