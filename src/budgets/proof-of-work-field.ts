import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { IfGiven } from '../http/if-given.js';
import { MAX_PAYLOAD } from './proof-of-work.js';

/** The solution of the challenge in a reply `proof_of_work_required`. */
export function ProofOfWorkField(): PropertyDecorator {
  return applyDecorators(
    IfGiven(),
    IsString({ message: 'proofOfWork must be a string.' }),
    MaxLength(MAX_PAYLOAD, { message: 'proofOfWork is too long.' }),
    ApiProperty({
      required: false,
      maxLength: MAX_PAYLOAD,
      description:
        'Needed after a reply `proof_of_work_required`: the solved challenge of its member ' +
        '`proofOfWork`, as the payload of the ALTCHA widget. Otherwise leave it out.',
      example: 'eyJjaGFsbGVuZ2UiOnsicGFyYW1ldGVycyI6eyJhbGdvcml0aG0iOiJQQktERjIvU0hBLTI1NiIs…',
    }),
  );
}
