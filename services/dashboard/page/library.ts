/** The media library: what machines are made of. */
import { useEffect, useState } from 'preact/hooks';
import { ask, problemOf, type Template } from './api.ts';
import { formatBytes, formatDay } from './format.ts';
import { html } from './html.ts';
import { Upload } from './upload.ts';
import { say, sayKnown } from './words.ts';

export function Library() {
  const [templates, setTemplates] = useState<readonly Template[]>();
  const [problem, setProblem] = useState('');
  const load = () =>
    ask<{ templates: Template[] }>('GET', '/templates').then(
      (found) => setTemplates(found.templates),
      (error: unknown) => setProblem(problemOf(error)),
    );
  useEffect(() => void load(), []);
  return html`<h1>${say('app.library')}</h1>
    <p>${say('library.about')}</p>
    <${Upload} onDone=${load} />
    <p role="alert" class="problem">${problem}</p>
    ${templates?.length === 0 && html`<p class="empty">${say('library.none')}</p>`}
    ${
      templates &&
      html`<ul class="machines" aria-label=${say('app.library')}>
        ${templates.map((template) => html`<${Card} key=${template.id} template=${template} onChange=${load} />`)}
      </ul>`
    }`;
}

interface CardProps {
  readonly template: Template;
  onChange(): Promise<void>;
}

function Card({ template, onChange }: CardProps) {
  const { id, name, description, state, verbs } = template;
  const [isEdited, setEdited] = useState(false);
  const [problem, setProblem] = useState('');
  const send = async (method: string, body?: object) => {
    setProblem('');
    await ask(method, `/templates/${id}`, body).then(
      () => setEdited(false),
      (error: unknown) => setProblem(problemOf(error)),
    );
    await onChange();
  };
  const remove = () => confirm(say('library.deleteSure', { name })) && void send('DELETE');
  return html`<li class="card">
    ${isEdited ? html`<${Texts} template=${template} onSave=${send} />` : html`<h2>${name}</h2>`}
    <p class=${`state ${state}`}>${sayKnown('template', state)}</p>
    ${description !== null && !isEdited && html`<p>${description}</p>`}
    <${Facts} template=${template} />
    <p role="alert" class="problem">${problem}</p>
    <div class="verbs">
      ${verbs.includes('rename') && html`<button onClick=${() => setEdited(!isEdited)}>${say(isEdited ? 'app.cancel' : 'verb.rename')}</button>`}
      ${
        verbs.includes('delete') &&
        html`<button class="danger" aria-label=${`${say('verb.delete')}: ${name}`} onClick=${remove}>${say('verb.delete')}</button>`
      }
    </div>
  </li>`;
}

function Facts({
  template: { format, bytes, disk_bytes: disk, system, public: isPublic, own, checksum, created_at: at },
}: Pick<CardProps, 'template'>) {
  return html`<p class="size">
      ${format && sayKnown('format', format)}, ${formatBytes(bytes)}${disk !== null && disk !== bytes && ` (${say('library.disk', { size: formatBytes(disk) })})`}
      ${system && html`<br />${system}`}
      <br />${say(isPublic ? 'library.public' : own ? 'library.own' : 'library.shared')}, ${formatDay(at)}
    </p>
    ${
      checksum &&
      html`<details>
        <summary>${say('library.checksum')}</summary>
        <code>${checksum.algorithm} ${checksum.value}</code>
      </details>`
    }`;
}

interface TextsProps {
  readonly template: Template;
  onSave(method: string, body: object): Promise<void>;
}

function Texts({ template: { name, description }, onSave }: TextsProps) {
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    void onSave('PATCH', Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)));
  };
  return html`<form class="texts" onSubmit=${save}>
    <label>${say('library.name')} <input name="name" required maxlength="255" value=${name} /></label>
    <label>${say('library.description')} <input name="description" maxlength="255" value=${description ?? ''} /></label>
    <button class="main">${say('app.save')}</button>
  </form>`;
}
