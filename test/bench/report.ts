/** The output of a run: each figure with its control and target, and at the end the missed targets. */
import { cpus, loadavg } from 'node:os';
import type { Figure } from './measure.ts';

export interface Line {
  readonly what: string;
  readonly figure: string;
  /** What the figure is compared with. */
  readonly control?: string;
  readonly target?: Target;
}

/** A limit and the measured value. */
export interface Target {
  readonly value: number;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** The unit of both. */
  readonly unit: string;
}

const missed: string[] = [];
const failed: string[] = [];
let checked = 0;
let heading = '';

const write = (line: string): void => void process.stdout.write(`${line.trimEnd()}\n`);

export function machine(): void {
  const [one = 0] = loadavg();
  const { length: cores } = cpus();
  write(
    `${cores} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, load ${one.toFixed(1)} at the start`,
  );
  if (one > cores / 2) write('The machine is busy: ratios of CPU time are reliable, wall times and p99 may not be.');
}

export function title(text: string): void {
  heading = text;
  write(`\n${text}`);
}

export function printLine({ what, figure, control = '', target }: Line): void {
  write(`  ${what.padEnd(48)} ${figure.padStart(28)}   ${control.padEnd(28)} ${target ? check(what, target) : ''}`);
}

function check(what: string, { value, atMost, atLeast, unit }: Target): string {
  const limit = atMost === undefined ? `at least ${atLeast}${unit}` : `at most ${atMost}${unit}`;
  const met = value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
  checked += 1;
  if (met) return limit;
  missed.push(`${heading}: ${what}: ${round(value)}${unit}, ${limit}`);
  return `${limit}  << MISSED`;
}

/** Two decimals below 10, none above. */
export const round = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(0));

/** The control, then the subjects compared with it. */
export function table(heading: string, [control, ...others]: readonly Figure[]): void {
  title(heading);
  if (control) printLine({ ...costOf(control), control: `the control; p99 ${round(control.p99Ms)} ms` });
  for (const figure of others) {
    const { subject, ratio } = figure;
    const times = subject.atLeast === undefined ? `${round(ratio)} x its cost` : `${round(1 / ratio)} x its rate`;
    printLine({ ...costOf(figure), control: `${times}; p99 ${round(figure.p99Ms)} ms`, ...targetOf(figure) });
    if (subject.p99AtMost !== undefined) printP99(figure, subject.p99AtMost);
  }
}

const costOf = ({ subject, cpuUs, perSecond }: Figure) => ({
  what: subject.name,
  figure: `${Number.isFinite(cpuUs) ? `${round(cpuUs)} us CPU ` : ''}${round(perSecond)}/s`,
});

function printP99({ subject, p99Ms, p99Ratio }: Figure, atMost: number): void {
  const target = { value: p99Ratio, atMost, unit: ' x' };
  printLine({ what: `${subject.name}: p99`, figure: `${round(p99Ms)} ms`, control: `${round(p99Ratio)} x`, target });
}

function targetOf({ subject: { atMost, atLeast }, ratio }: Figure): { target?: Target } {
  if (atLeast !== undefined) return { target: { value: 1 / ratio, atLeast, unit: ' x' } };
  return atMost === undefined ? {} : { target: { value: ratio, atMost, unit: ' x' } };
}

/** Reports a part that failed; the others continue. */
export function printFailure(part: string, { message }: Error): void {
  write(`\n${part} << FAILED: ${message}`);
  failed.push(`${part}: ${message}`);
}

/** Returns whether all parts ran. Missed targets are printed but are no error: the machine may be busy. */
export function summary(): boolean {
  title(`${checked - missed.length} of ${checked} targets met${missed.length > 0 ? '; missed:' : '.'}`);
  for (const line of missed) write(`  ${line}`);
  if (failed.length > 0) title('could not be measured:');
  for (const line of failed) write(`  ${line}`);
  return failed.length === 0;
}
