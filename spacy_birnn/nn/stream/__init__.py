"""Labels while the words arrive: many streams side by side, each in a lane."""
