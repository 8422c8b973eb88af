import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { HashSlots } from './hash-slots.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordKey } from './password-key.js';
import { Passwords } from './passwords.service.js';
import { SealedKey } from './sealed-key.entity.js';
import { SealedKeyRepository } from './sealed-key.repository.js';

@Module({
  imports: [BudgetsModule, TypeOrmModule.forFeature([SealedKey])],
  providers: [
    Passwords,
    PasswordHasher,
    PasswordKey,
    SealedKeyRepository,
    { provide: HashSlots, useFactory: () => HashSlots.forThisMachine() },
  ],
  exports: [Passwords],
})
export class PasswordsModule {}
