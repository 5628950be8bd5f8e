/** Extra specs of flavors that guide the scheduler, in Nova's little language of operators. */
import { own } from '#shared/input/own.ts';

export const aggregateScope = 'aggregate_instance_extra_specs:';
export const capabilityScope = 'capabilities:';

type Test = (value: string, operand: string) => boolean;

const operators: Readonly<Record<string, Test>> = {
  '=': (value, operand) => Number(value) >= Number(operand),
  '==': (value, operand) => Number(value) === Number(operand),
  '!=': (value, operand) => Number(value) !== Number(operand),
  '>=': (value, operand) => Number(value) >= Number(operand),
  '<=': (value, operand) => Number(value) <= Number(operand),
  's==': (value, operand) => value === operand,
  's!=': (value, operand) => value !== operand,
  's<': (value, operand) => value < operand,
  's<=': (value, operand) => value <= operand,
  's>': (value, operand) => value > operand,
  's>=': (value, operand) => value >= operand,
  '<in>': (value, operand) => value.includes(operand),
};

/** Whether a value meets a spec: `kvm`, `>= 4`, `<or> a <or> b`, `<all-in> x y`. Nothing meets none. */
export function meets(value: string | number | undefined, spec: string): boolean {
  if (value === undefined) return false;
  const text = String(value);
  const words = spec.trim().split(/\s+/);
  const [first = '', ...rest] = words;
  if (first === '<or>') return words.filter((word) => word !== '<or>').includes(text);
  if (first === '<all-in>') return rest.every((word) => text.includes(word));
  const test = own(operators, first);
  return test
    ? test(text, rest.join(' '))
    : text
        .split(',')
        .map((each) => each.trim())
        .includes(spec.trim());
}
