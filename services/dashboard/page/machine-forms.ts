/** What is asked before a machine becomes a template, or gets another size. */
import { useEffect, useState } from 'preact/hooks';
import { ask, type Choices, type Machine, problemOf } from './api.ts';
import { sizeText } from './format.ts';
import { html } from './html.ts';
import { say, sayKnown } from './words.ts';

interface FormProps {
  onDone(body: object): Promise<void>;
}

const valuesIn = (event: SubmitEvent): object => {
  event.preventDefault();
  return Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
};

export function TemplateForm({ name, onDone }: FormProps & { readonly name: string }) {
  return html`<form class="texts" onSubmit=${(event: SubmitEvent) => void onDone(valuesIn(event))}>
    <label>${say('template.name')} <input name="name" required maxlength="255" value=${name} /></label>
    <button class="main">${say('template.make')}</button>
  </form>`;
}

export function SizeForm({ machine, onDone }: FormProps & { readonly machine: Machine }) {
  const [choices, setChoices] = useState<Choices>();
  const [problem, setProblem] = useState('');
  useEffect(
    () => void ask<Choices>('GET', '/choices').then(setChoices, (error: unknown) => setProblem(problemOf(error))),
    [],
  );
  const others =
    choices?.sizes.filter((size) => size.disk_gb >= machine.size.disk_gb && !isSame(size, machine.size)) ?? [];
  return html`<form class="texts" onSubmit=${(event: SubmitEvent) => void onDone(valuesIn(event))}>
    <p>${say('resize.about')}</p>
    <label>
      ${say('resize.size')}
      <select name="size" required>
        ${others.map(
          (size) => html`<option key=${size.id} value=${size.id} disabled=${size.too_large !== null}>
            ${sizeText(size)}${size.too_large && ` (${sayKnown('new.tooLarge', size.too_large.quota).replace('{free}', String(size.too_large.free))})`}
          </option>`,
        )}
      </select>
    </label>
    <p role="alert" class="problem">${problem}</p>
    <button class="main" disabled=${others.length === 0}>${say('resize.submit')}</button>
  </form>`;
}

const isSame = (one: Machine['size'] | Choices['sizes'][number], other: Machine['size']): boolean =>
  one.cores === other.cores && one.ram_mb === other.ram_mb && one.disk_gb === other.disk_gb;
