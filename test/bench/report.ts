/** What a run prints: each figure beside its control and its target, and at the end what was missed. */
import { cpus, loadavg } from 'node:os';
import type { Figure } from './measure.ts';

export interface Line {
  readonly what: string;
  readonly figure: string;
  /** What it is measured against. */
  readonly control?: string;
  readonly target?: Target;
}

/** A limit, and where the figure stands. */
export interface Target {
  readonly value: number;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** In the unit of the figure. */
  readonly unit: string;
}

const missed: string[] = [];
const broken: string[] = [];
let judged = 0;
let heading = '';

const write = (line: string): void => void process.stdout.write(`${line.trimEnd()}\n`);

export function machine(): void {
  const [one = 0] = loadavg();
  const { length: cores } = cpus();
  write(
    `${cores} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, load ${one.toFixed(1)} at the start`,
  );
  if (one > cores / 2) write('The machine is busy: ratios of CPU hold, wall times and p99 may not.');
}

export function title(text: string): void {
  heading = text;
  write(`\n${text}`);
}

export function say({ what, figure, control = '', target }: Line): void {
  write(`  ${what.padEnd(48)} ${figure.padStart(28)}   ${control.padEnd(28)} ${target ? judge(what, target) : ''}`);
}

function judge(what: string, { value, atMost, atLeast, unit }: Target): string {
  const words = atMost === undefined ? `at least ${atLeast}${unit}` : `at most ${atMost}${unit}`;
  const met = value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
  judged += 1;
  if (met) return words;
  missed.push(`${heading}: ${what}: ${round(value)}${unit}, ${words}`);
  return `${words}  << MISSED`;
}

/** Two digits where they count. */
export const round = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(0));

/** The control first, then what is compared with it. */
export function table(heading: string, [control, ...others]: readonly Figure[]): void {
  title(heading);
  if (control) say({ ...costOf(control), control: `the control; p99 ${round(control.p99Ms)} ms` });
  for (const figure of others) {
    const { subject, ratio } = figure;
    const times = subject.atLeast === undefined ? `${round(ratio)} x its cost` : `${round(1 / ratio)} x its rate`;
    say({ ...costOf(figure), control: `${times}; p99 ${round(figure.p99Ms)} ms`, ...targetOf(figure) });
    if (subject.p99AtMost !== undefined) sayP99(figure, subject.p99AtMost);
  }
}

const costOf = ({ subject, cpuUs, perSecond }: Figure) => ({
  what: subject.name,
  figure: `${Number.isFinite(cpuUs) ? `${round(cpuUs)} us CPU ` : ''}${round(perSecond)}/s`,
});

function sayP99({ subject, p99Ms, p99Ratio }: Figure, atMost: number): void {
  const target = { value: p99Ratio, atMost, unit: ' x' };
  say({ what: `${subject.name}: p99`, figure: `${round(p99Ms)} ms`, control: `${round(p99Ratio)} x`, target });
}

function targetOf({ subject: { atMost, atLeast }, ratio }: Figure): { target?: Target } {
  if (atLeast !== undefined) return { target: { value: 1 / ratio, atLeast, unit: ' x' } };
  return atMost === undefined ? {} : { target: { value: ratio, atMost, unit: ' x' } };
}

/** A part that could not be measured; the others go on. */
export function sayBroken(part: string, { message }: Error): void {
  write(`\n${part} << BROKEN: ${message}`);
  broken.push(`${part}: ${message}`);
}

/** Whether all could be measured. A target that is missed is said, and no error: the machine may be busy. */
export function summary(): boolean {
  title(`${judged - missed.length} of ${judged} targets met${missed.length > 0 ? '; missed:' : '.'}`);
  for (const line of missed) write(`  ${line}`);
  if (broken.length > 0) title('could not be measured:');
  for (const line of broken) write(`  ${line}`);
  return broken.length === 0;
}
