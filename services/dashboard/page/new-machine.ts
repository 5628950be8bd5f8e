/** Three questions: which template, which name, which size. Everything else has a default, shown under "details". */
import { useEffect, useState } from 'preact/hooks';
import { ask, type Choices, problemOf, type Size, type Template } from './api.ts';
import { sizeText } from './format.ts';
import { html } from './html.ts';
import { say, sayKnown } from './words.ts';

interface Props {
  onDone(): void;
}

export function NewMachine({ onDone }: Props) {
  const [choices, setChoices] = useState<Choices>();
  const [template, setTemplate] = useState<Template>();
  const [size, setSize] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const fail = (error: unknown) => setProblem(problemOf(error));
  useEffect(() => void ask<Choices>('GET', '/choices').then(setChoices, fail), []);
  const choose = (chosen: Template) => {
    setTemplate(chosen);
    setSize(choices?.sizes.find((each) => obstacleTo(each, chosen) === '')?.id ?? '');
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
    setBusy(true);
    setProblem('');
    try {
      await ask('POST', '/machines', { ...values, key: values.key || null, network: values.network || null });
      onDone();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  };
  if (!choices) return html`<p role="alert" class="problem">${problem}</p>`;
  return html`<form class="new" onSubmit=${submit}>
    <h1>${say('new.title')}</h1>
    <fieldset class="choices">
      <legend>${say('new.template')}</legend>
      ${choices.templates.length === 0 && html`<p>${say('new.noTemplates')}</p>`}
      ${choices.templates.map(
        (each) =>
          html`<label key=${each.id} class="choice">
            <input type="radio" name="template" value=${each.id} required onChange=${() => choose(each)} />
            <span><b>${each.name}</b><small>${each.description ?? each.system ?? ''}</small></span>
          </label>`,
      )}
    </fieldset>
    <label class="question">
      <b>${say('new.name')}</b>
      <input name="name" required maxlength="63" pattern="[A-Za-z0-9][A-Za-z0-9\\-]*" title=${say('new.nameHint')} />
      <small>${say('new.nameHint')}</small>
    </label>
    <fieldset class="choices">
      <legend>${say('new.size')}</legend>
      ${choices.sizes.map((each) => {
        const obstacle = obstacleTo(each, template);
        return html`<label key=${each.id} class="choice">
          <input
            type="radio"
            name="size"
            value=${each.id}
            required
            checked=${size === each.id}
            disabled=${obstacle !== ''}
            onChange=${() => setSize(each.id)}
          />
          <span><b>${sizeText(each)}</b><small>${obstacle || each.name}</small></span>
        </label>`;
      })}
    </fieldset>
    <details>
      <summary>${say('new.details')}</summary>
      <label class="detail">
        ${say('new.key')}
        <select name="key">
          ${['', ...choices.keys].map(
            (key) => html`<option key=${key} value=${key} selected=${key === choices.keys[0]}>
              ${key || say('new.noKey')}
            </option>`,
          )}
        </select>
      </label>
      <label class="detail">
        ${say('new.network')}
        <select name="network">
          ${choices.networks.length === 0 && html`<option value="">${say('new.ownNetwork')}</option>`}
          ${choices.networks.map(
            (each) => html`<option key=${each.id} value=${each.id} selected=${each.is_default}>${each.name}</option>`,
          )}
        </select>
      </label>
    </details>
    <p role="alert" class="problem">${problem}</p>
    <div class="verbs">
      <button class="main" disabled=${isBusy}>${say(isBusy ? 'new.busy' : 'new.submit')}</button>
      <button type="button" onClick=${onDone}>${say('app.cancel')}</button>
    </div>
  </form>`;
}

/** Why the size cannot be chosen, '' when it can. */
function obstacleTo({ ram_mb: ram, disk_gb: disk, too_large: tooLarge }: Size, template: Template | undefined): string {
  if (tooLarge) return sayKnown('new.tooLarge', tooLarge.quota).replace('{free}', String(tooLarge.free));
  if (!template) return '';
  const isTooSmall = ram < template.min_ram_mb || disk < template.min_disk_gb;
  return isTooSmall ? say('new.tooSmall') : '';
}
