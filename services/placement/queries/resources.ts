import { badRequest } from '#shared/errors/fault.ts';

export type Amounts = Readonly<Record<string, number>>;

/** `VCPU:2,MEMORY_MB:1024` */
export function resourcesOf(text: string): Amounts {
  const form =
    'Badly formed resources parameter. Expected resources query string parameter in form: ?resources=VCPU:2,MEMORY_MB:1024.';
  if (text.trim() === '') throw badRequest(`${form} Got: empty string.`);
  const pairs = text.split(',').map((part) => {
    const [name = '', amount, ...more] = part.split(':');
    if (amount === undefined || more.length > 0) throw badRequest(`${form} Got: ${part}.`);
    if (!/^\s*[+-]?\d+\s*$/.test(amount))
      throw badRequest(`Requested resource ${name} expected positive integer amount. Got: ${amount}.`);
    if (Number(amount) < 1)
      throw badRequest(`Requested resource ${name} requires amount >= 1. Got: ${Number(amount)}.`);
    return [name, Number(amount)] as const;
  });
  return Object.fromEntries(pairs);
}
